"""Small documents in which every key of every component is written once or more."""

from __future__ import annotations

from typing import Any

Raw = dict[str, Any]

ANY_OF: Raw = {
    "any_of": [{"tokens": {"gt": 100, "lte": 2000}, "task": {"in": ["code"]}}, {"vip": True}]
}
BOX: Raw = {
    "tokens": {"gte": 1, "lt": 50},
    "tenant": {"not_in": ["acme", ""]},
    "task": {"present": False},
    "has_code": False,
    "groups": {"has_any": ["beta"], "has_all": ["eu", "staff"], "has_none": ["blocked"]},
}
CLASSIFICATION: Raw = {
    "schema": 1,
    "attributes": [
        {"name": "tokens", "type": "number", "description": "Size.", "unit": "tokens"},
        {"name": "task", "type": "category", "values": ["chat", "code"]},
        {"name": "tenant", "type": "category", "values": None},
        {"name": "has_code", "type": "flag", "derived_from": {"keywords": ["def ", "class "]}},
        {"name": "has_sql", "type": "flag", "derived_from": {"pattern": r"(?i)\bselect\b"}},
        {"name": "vip", "type": "flag", "derived_from": None},
        {"name": "groups", "type": "set", "values": None},
    ],
    "classes": [
        {"key": "simple", "label": "Simple", "risk": "low", "description": "Short and plain."},
        {"key": "hard", "risk": "high"},
    ],
    "rules": [
        {
            "id": "long",
            "description": "Long prompts hide what is asked.",
            "when": ANY_OF,
            "class": "hard",
        },
        {
            "id": "plain",
            "when": BOX,
            "class": "simple",
        },
    ],
    "default_class": "simple",
    "provided": {
        "attribute": "predicted_class",
        "confidence_attribute": "confidence",
        "min_confidence": 0.8,
    },
}
ROUTE: Raw = {
    "select": "weighted",
    "salt": "first split",
    "candidates": [{"model": "gpt-4o-mini", "weight": 9}, {"model": "o3", "weight": 0}],
    "earlier_weights": [{"gpt-4o-mini": 9.5, "retired long ago": 1}],
    "constraints": {
        "regions": ["eu", "us"],
        "capabilities": ["tools"],
        "max_cost_usd": 0.05,
        "fits_context": True,
    },
    "on_no_candidate": "default",
}
POLICY: Raw = {
    "schema": 1,
    "rules": [
        {
            "id": "simple-to-mini",
            "description": "Cheap where it is good enough.",
            "when": {**BOX, "class": {"in": ["simple"]}},
            "route": ROUTE,
        },
        {
            "id": "hard",
            "when": ANY_OF,
            "route": {"select": "cheapest", "candidates": [{"model": "o3"}]},
        },
    ],
    "default": {"select": "ordered", "candidates": [{"model": "o3"}], "on_no_candidate": "refuse"},
    "sticky_on": "conversation",
}
MATRIX: Raw = {
    "schema": 1,
    "rows": [
        {
            "model": "gpt-4o-mini",
            "class": "hard",
            "on": ["timeout", "overloaded"],
            "retries": {
                "count": 2,
                "base_ms": 100,
                "factor": 1.5,
                "max_ms": 400,
                "jitter": "none",
                "honour_retry_after": False,
            },
            "then": ["o3", "claude"],
        },
        {"model": "*", "class": None, "on": ["auth"]},
    ],
    "limits": {
        "max_attempts": 3,
        "deadline_ms": 9000,
        "cost_cap_usd": 0.5,
        "retry_budget": {"ratio": 0.2, "min_per_second": 2},
        "breaker": {"failure_ratio": 0.4, "min_requests": 9, "window_s": 20, "cooldown_s": 5},
        "preserve": {"regions": False, "capabilities": False, "context": False},
    },
}
THRESHOLDS: Raw = {
    "schema": 1,
    "thresholds": [
        {
            "id": "quality",
            "layer": "quality",
            "class": "hard",
            "metric": "mean_quality",
            "comparison": "non_inferiority",
            "op": "gte",
            "value": None,
            "margin": 0.02,
            "relative": True,
            "confidence": 0.9,
            "min_samples": 500,
            "window": "24h",
            "effect": "gate",
            "owner": "Support",
        },
        {
            "id": "cost",
            "metric": "mean_cost_usd",
            "comparison": "vs_baseline",
            "margin": -0.1,
            "effect": "rollback",
        },
        {
            "id": "errors",
            "class": "*",
            "metric": "error_rate",
            "comparison": "absolute",
            "value": 0.02,
            "relative": False,
            "effect": "alarm",
        },
    ],
}
WHOLE: dict[str, Raw] = {
    "request_classification": CLASSIFICATION,
    "router_policy": POLICY,
    "fallback_matrix": MATRIX,
    "quality_thresholds": THRESHOLDS,
}
