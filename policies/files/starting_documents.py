"""The smallest documents that mean something: where a new workflow starts."""

from typing import Any


def starting_documents() -> dict[str, Any]:
    """One class, one default route without a model yet, no fallback rows, two gates."""
    return {
        "request_classification": {
            "schema": 1,
            "attributes": [
                {
                    "name": "prompt_tokens",
                    "type": "number",
                    "unit": "tokens",
                    "description": "Size of the prompt.",
                }
            ],
            "classes": [
                {
                    "key": "general",
                    "label": "General",
                    "risk": "medium",
                    "description": "Everything, until a rule says otherwise.",
                }
            ],
            "rules": [],
            "default_class": "general",
        },
        "router_policy": {
            "schema": 1,
            "rules": [],
            "default": {"select": "ordered", "candidates": []},
        },
        "fallback_matrix": {"schema": 1, "rows": []},
        "quality_thresholds": {"schema": 1, "thresholds": [_quality_no_worse(), _few_errors()]},
    }


def _quality_no_worse() -> dict[str, Any]:
    return {
        "id": "quality-no-worse",
        "layer": "quality",
        "class": "*",
        "metric": "mean_quality",
        "comparison": "non_inferiority",
        "op": "gte",
        "margin": 0.01,
        "confidence": 0.95,
        "min_samples": 500,
        "window": "7d",
        "effect": "gate",
        "owner": "",
    }


def _few_errors() -> dict[str, Any]:
    """What a first release, with nothing to compare with, is judged by."""
    return {
        "id": "errors-limit",
        "layer": "reliability",
        "class": "*",
        "metric": "error_rate",
        "comparison": "absolute",
        "op": "lte",
        "value": 0.05,
        "confidence": 0.95,
        "min_samples": 200,
        "window": "7d",
        "effect": "gate",
        "owner": "",
    }
