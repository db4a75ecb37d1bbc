"""The smallest documents that mean something: where a new workflow starts."""

from typing import Any


def starting_documents() -> dict[str, Any]:
    """One class, one default route without a model yet, no fallback rows, one gate."""
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
        "quality_thresholds": {
            "schema": 1,
            "thresholds": [
                {
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
            ],
        },
    }
