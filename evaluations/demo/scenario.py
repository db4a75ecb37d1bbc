"""The demo workflow `support-assistant`: its documents, catalogue and contracts.

Everything here is made up except prices and context windows, which are the vendors' list prices as
recorded in LiteLLM's public price map (release 1.109.1), and the sizes named in `traffic`.
"""

from __future__ import annotations

import copy
from typing import Any

PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic", "google": "Google"}

# key: provider, label, context window, regions, capabilities, USD per million tokens in and out
MODELS: dict[str, tuple[str, str, int, list[str], list[str], str, str]] = {
    "gpt-4o": ("openai", "GPT-4o", 128_000, ["eu", "us"], ["tools", "vision"], "2.50", "10.00"),
    "gpt-4o-mini": ("openai", "GPT-4o mini", 128_000, ["eu", "us"], ["tools"], "0.15", "0.60"),
    "claude-3-5-sonnet": (
        "anthropic",
        "Claude 3.5 Sonnet",
        200_000,
        ["eu", "us"],
        ["tools", "vision"],
        "3.00",
        "15.00",
    ),
    "claude-3-5-haiku": (
        "anthropic",
        "Claude 3.5 Haiku",
        200_000,
        ["us"],
        ["tools"],
        "0.80",
        "4.00",
    ),
    "gemini-2.0-flash": (
        "google",
        "Gemini 2.0 Flash",
        1_048_576,
        ["eu", "us"],
        ["tools", "vision"],
        "0.10",
        "0.40",
    ),
}

INTENTS = ["faq", "order_status", "refund", "technical", "complaint", "legal"]

CLASSIFICATION: dict[str, Any] = {
    "schema": 1,
    "attributes": [
        {
            "name": "intent",
            "type": "category",
            "values": INTENTS,
            "description": "What the customer wants, from the intake form.",
        },
        {
            "name": "channel",
            "type": "category",
            "values": ["chat", "email", "voice"],
            "description": "Where the request came in.",
        },
        {
            "name": "tier",
            "type": "category",
            "values": ["free", "business", "enterprise"],
            "description": "The customer's plan.",
        },
        {
            "name": "prompt_tokens",
            "type": "number",
            "unit": "tokens",
            "description": "Size of the conversation so far.",
        },
        {
            "name": "needs_tools",
            "type": "flag",
            "description": "The answer has to look something up or act.",
        },
        {
            "name": "conversation_id",
            "type": "category",
            "values": None,
            "description": "Keeps a conversation on one model.",
        },
    ],
    "classes": [
        {
            "key": "routine",
            "label": "Routine",
            "risk": "low",
            "description": "Short questions with a known answer.",
        },
        {
            "key": "standard",
            "label": "Standard",
            "risk": "medium",
            "description": "Everything that no rule singles out.",
        },
        {
            "key": "technical",
            "label": "Technical",
            "risk": "medium",
            "description": "Troubleshooting, where a wrong step costs the customer time.",
        },
        {
            "key": "sensitive",
            "label": "Sensitive",
            "risk": "high",
            "description": "Complaints and legal matters.",
        },
    ],
    "rules": [
        {
            "id": "sensitive-intents",
            "description": "Complaints and legal matters come first.",
            "when": {"intent": {"in": ["complaint", "legal"]}},
            "class": "sensitive",
        },
        {
            "id": "technical-intent",
            "description": "",
            "when": {"intent": {"in": ["technical"]}},
            "class": "technical",
        },
        {
            "id": "short-questions",
            "description": "Known questions, not too long.",
            "when": {"intent": {"in": ["faq", "order_status"]}, "prompt_tokens": {"lt": 2000}},
            "class": "routine",
        },
    ],
    "default_class": "standard",
}


def route(*models: str, **more: Any) -> dict[str, Any]:
    """An ordered route over these models."""
    candidates = [{"model": model, "weight": 1} for model in models]
    return {"select": "ordered", "candidates": candidates, **more}


def policy(*rules: tuple[str, str, dict[str, Any]], default: dict[str, Any]) -> dict[str, Any]:
    """A router policy with one rule per class: (rule id, class, route)."""
    return {
        "schema": 1,
        "rules": [
            {
                "id": rule_id,
                "description": "",
                "when": {"class": {"in": [class_key]}},
                "route": where,
            }
            for rule_id, class_key, where in rules
        ],
        "default": default,
        "sticky_on": "conversation_id",
    }


SENSITIVE = route(
    "claude-3-5-sonnet", "gpt-4o", constraints={"regions": ["eu"], "fits_context": True}
)

FIRST_POLICY = policy(
    ("sensitive-to-sonnet", "sensitive", SENSITIVE),
    ("technical-to-gpt-4o", "technical", route("gpt-4o", "claude-3-5-sonnet")),
    default=route("gpt-4o", "claude-3-5-sonnet"),
)
SECOND_POLICY = policy(
    ("sensitive-to-sonnet", "sensitive", SENSITIVE),
    ("technical-to-gpt-4o", "technical", route("gpt-4o", "claude-3-5-sonnet")),
    ("routine-to-mini", "routine", route("gpt-4o-mini", "gemini-2.0-flash")),
    default=route("gpt-4o", "claude-3-5-sonnet"),
)
PROPOSED_POLICY = policy(
    ("sensitive-to-sonnet", "sensitive", SENSITIVE),
    ("technical-to-gpt-4o", "technical", route("gpt-4o", "claude-3-5-sonnet")),
    ("routine-to-flash", "routine", route("gemini-2.0-flash", "gpt-4o-mini")),
    default=route("gpt-4o", "claude-3-5-sonnet"),
)

TRANSIENT = ["rate_limit", "timeout", "server_error", "overloaded", "network"]


def fallback_row(model: str, *then: str, count: int = 1) -> dict[str, Any]:
    """What happens when a model fails for a passing reason."""
    retries = {"count": count, "base_ms": 200, "factor": 2, "max_ms": 2000, "jitter": "full"}
    return {"model": model, "on": TRANSIENT, "retries": retries, "then": list(then)}


SUBSTITUTES = {
    "gpt-4o": ["claude-3-5-sonnet"],
    "claude-3-5-sonnet": ["gpt-4o"],
    "gpt-4o-mini": ["gemini-2.0-flash", "gpt-4o"],
    "gemini-2.0-flash": ["gpt-4o-mini", "gpt-4o"],
}

FALLBACK: dict[str, Any] = {
    "schema": 1,
    "rows": [
        row
        for model, then in SUBSTITUTES.items()
        for row in (
            fallback_row(model, *then),
            {"model": model, "on": ["quota_exhausted"], "then": then},
        )
    ],
    "limits": {
        "max_attempts": 4,
        "deadline_ms": 30_000,
        "retry_budget": {"ratio": 0.1, "min_per_second": 1},
        "breaker": {"failure_ratio": 0.5, "min_requests": 20, "window_s": 30, "cooldown_s": 15},
        "preserve": {"regions": True, "capabilities": True, "context": True},
    },
}


def threshold(name: str, layer: str, metric: str, **more: Any) -> dict[str, Any]:
    """One entry of the quality thresholds, with the workflow's usual settings."""
    usual = {
        "class": "*",
        "confidence": 0.95,
        "min_samples": 500,
        "window": "7d",
        "owner": "Support quality",
    }
    return {"id": name, "layer": layer, "metric": metric, **usual, **more}


THRESHOLDS: dict[str, Any] = {
    "schema": 1,
    "thresholds": [
        threshold(
            "quality-no-worse",
            "quality",
            "mean_quality",
            comparison="non_inferiority",
            op="gte",
            margin=0.02,
            effect="gate",
        ),
        threshold(
            "route-accuracy-no-worse",
            "quality",
            "route_accuracy",
            comparison="non_inferiority",
            op="gte",
            margin=0.02,
            effect="gate",
        ),
        threshold(
            "fallbacks-rare",
            "reliability",
            "fallback_frequency",
            comparison="absolute",
            op="lte",
            value=0.05,
            effect="gate",
        ),
        threshold(
            "latency-no-worse",
            "reliability",
            "latency_p95_ms",
            comparison="non_inferiority",
            op="lte",
            margin=0.20,
            relative=True,
            effect="gate",
        ),
        threshold(
            "cost-no-worse",
            "economic",
            "mean_cost_usd",
            comparison="non_inferiority",
            op="lte",
            margin=0.02,
            relative=True,
            effect="gate",
        ),
        threshold(
            "quality-floor",
            "quality",
            "mean_quality",
            comparison="absolute",
            op="gte",
            value=0.80,
            effect="alarm",
        ),
        threshold(
            "error-rate",
            "reliability",
            "error_rate",
            comparison="absolute",
            op="lte",
            value=0.01,
            effect="alarm",
        ),
    ],
}


def documents(router_policy: dict[str, Any]) -> dict[str, Any]:
    """The four documents with the given policy."""
    return copy.deepcopy(
        {
            "request_classification": CLASSIFICATION,
            "router_policy": router_policy,
            "fallback_matrix": FALLBACK,
            "quality_thresholds": THRESHOLDS,
        }
    )


def unfinished_policy() -> dict[str, Any]:
    """The draft somebody left half done: a split of technical requests, one model still open."""
    unfinished = copy.deepcopy(SECOND_POLICY)
    unfinished["rules"][1]["id"] = "technical-split"
    unfinished["rules"][1]["route"] = {
        "select": "weighted",
        "candidates": [
            {"model": "gpt-4o", "weight": 80},
            {"model": "claude-3-5-sonnet", "weight": 20},
        ],
    }
    return unfinished


CONTRACTS: dict[str, dict[str, str]] = {
    "request_classification": {
        "inputs": "Intake form fields and the size of the conversation.",
        "outputs": "One of four classes for every request.",
        "failure": "Sensitive requests classed as routine; complaints about tone go up.",
        "humans_step_in": "When agreement with labelled classes falls below 90 % over a week.",
        "playbook": "1. Sample 50 requests of the class.\n2. Correct the rule.\n3. Propose it.",
    },
    "router_policy": {
        "inputs": "The class, and the request's attributes.",
        "outputs": "A model and its substitutes, in order.",
        "failure": "Dear models answer routine questions, or quality falls in one class.",
        "humans_step_in": "When cost per request rises by 20 % within a day.",
        "playbook": "1. Look at the scorecard by class.\n2. Roll back if a release explains it.",
    },
    "fallback_matrix": {
        "inputs": "The model that failed and how.",
        "outputs": "Whether to retry, and where to go next.",
        "failure": "Retries pile up during an outage; answers arrive after the deadline.",
        "humans_step_in": "When more than 5 % of requests fall back for 15 minutes.",
        "playbook": "1. Check the provider's status page.\n2. Take the provider out of the route.",
    },
    "quality_thresholds": {
        "inputs": "Graded answers, costs, latencies and failures.",
        "outputs": "What is good enough to publish, and when to alarm.",
        "failure": "A regression passes, or every change is blocked by noise.",
        "humans_step_in": "When two evaluations in a row are inconclusive.",
        "playbook": "1. Enlarge the dataset.\n2. Only then talk about margins.",
    },
}

DECISION_ANSWERS = {
    "business_value": "Half of all questions are answered at once instead of within four hours.",
    "where_it_shows": "In routine questions: they are half of the traffic, and a small model does.",
    "predictors": "Mean quality by class, and cost per request; fallbacks warn first.",
    "cost_of_change": "An evaluation takes a minute; a review by two people, an afternoon.",
}
