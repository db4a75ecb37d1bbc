"""Bundles written as policy documents, for tests of the evaluator."""

from collections.abc import Iterable, Mapping
from typing import Any

from policies.engine import Bundle, compose, parse_bundle

CLASS = "general"


def catalogue(models: Iterable[str]) -> dict[str, Any]:
    """Every model at one provider, able to do anything."""
    entry = {
        "provider": "any",
        "label": "",
        "context_window": 1_000_000,
        "regions": ["eu"],
        "capabilities": [],
        "status": "active",
        "input_usd_per_mtok": 1.0,
        "output_usd_per_mtok": 1.0,
    }
    return {"providers": {"any": {"label": "Any"}}, "models": {m: dict(entry) for m in models}}


def ordered(*models: str) -> dict[str, Any]:
    """A route to the first of these models."""
    return {"select": "ordered", "candidates": [{"model": m} for m in models]}


def classification(attributes: Iterable[Mapping[str, Any]] = (), **extra: Any) -> dict[str, Any]:
    """One class for everything unless `extra` says otherwise."""
    return {
        "schema": 1,
        "attributes": list(attributes),
        "classes": [{"key": CLASS, "label": "General", "risk": "low", "description": ""}],
        "rules": [],
        "default_class": CLASS,
        **extra,
    }


def rule_bundle(
    default: str,
    rules: Iterable[tuple[Mapping[str, Any], str]] = (),
    *,
    attributes: Iterable[Mapping[str, Any]] = (),
    fallback: Iterable[Mapping[str, Any]] = (),
    thresholds: Iterable[Mapping[str, Any]] = (),
    models: Iterable[str] = (),
    classes: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Bundle:
    """Route by the first rule whose condition holds, else to `default`."""
    rules = list(rules)
    named = {default, *(model for _, model in rules), *models}
    matrix: dict[str, Any] = {"schema": 1, "rows": list(fallback)}
    if limits is not None:
        matrix["limits"] = dict(limits)
    documents = {
        "request_classification": dict(classes or classification(attributes)),
        "router_policy": {
            "schema": 1,
            "rules": [
                {"id": f"r{i}", "description": "", "when": dict(when), "route": ordered(model)}
                for i, (when, model) in enumerate(rules)
            ],
            "default": ordered(default),
        },
        "fallback_matrix": matrix,
        "quality_thresholds": {"schema": 1, "thresholds": list(thresholds)},
    }
    return parse_bundle(compose(documents, catalogue(named)))


def always(model: str, **extra: Any) -> Bundle:
    """Everything to one model."""
    return rule_bundle(model, **extra)


NUMBER = {"name": "prompt_tokens_est", "type": "number", "unit": "tokens", "description": ""}
TASK = {"name": "task", "type": "category", "description": ""}
