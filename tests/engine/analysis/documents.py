"""Bundles written by hand, a few words each."""

from collections.abc import Mapping
from typing import Any

from policies.engine import Bundle, parse_bundle
from policies.engine.analysis import Analysis, Finding, analyse

Raw = dict[str, Any]


def model(provider: str = "acme", **more: Any) -> Raw:
    """A model that can do everything asked here, at 1 and 2 USD per million tokens."""
    usual = {
        "provider": provider,
        "context_window": 128_000,
        "regions": ["eu", "us"],
        "capabilities": ["tools"],
        "input_usd_per_mtok": 1,
        "output_usd_per_mtok": 2,
    }
    return {**usual, **more}


MODELS: Raw = {"m1": model(), "m2": model("borealis"), "m3": model()}
ATTRIBUTES = [
    {"name": "task", "type": "category", "values": ["chat", "code", "sum"]},
    {"name": "tokens", "type": "number"},
    {"name": "vip", "type": "flag"},
]


def route(*models: str, **more: Any) -> Raw:
    """An ordered route."""
    return {"select": "ordered", "candidates": [{"model": name} for name in models], **more}


def row(name: str, *then: str, **more: Any) -> Raw:
    """What happens when a model is down or overloaded."""
    return {"model": name, "on": ["timeout", "server_error"], "then": list(then), **more}


def bundle(
    *,
    classes: tuple[str, ...] = ("easy", "hard"),
    class_rules: Mapping[str, tuple[Raw, str]] | None = None,
    rules: Mapping[str, tuple[Raw, Raw]] | None = None,
    default: Raw | None = None,
    rows: tuple[Raw, ...] = (),
    limits: Raw | None = None,
    models: Raw | None = None,
    thresholds: tuple[Raw, ...] = (),
    risks: Mapping[str, str] | None = None,
) -> Bundle:
    """Rules are given as id → (condition, class or route); the first class is the default."""
    known = MODELS if models is None else models
    return parse_bundle(
        {
            "schema": 1,
            "request_classification": {
                "schema": 1,
                "attributes": ATTRIBUTES,
                "classes": [{"key": key, "risk": (risks or {}).get(key, "low")} for key in classes],
                "rules": [
                    {"id": name, "when": when, "class": key}
                    for name, (when, key) in (class_rules or {}).items()
                ],
                "default_class": classes[0],
            },
            "router_policy": {
                "schema": 1,
                "rules": [
                    {"id": name, "when": when, "route": where}
                    for name, (when, where) in (rules or {}).items()
                ],
                "default": default or route("m1"),
            },
            "fallback_matrix": {"schema": 1, "rows": list(rows), "limits": limits or {}},
            "quality_thresholds": {"schema": 1, "thresholds": list(thresholds)},
            "catalogue": {
                "providers": {entry["provider"]: {} for entry in known.values()},
                "models": known,
            },
        }
    )


def analysis(**parts: Any) -> Analysis:
    return analyse(bundle(**parts))


def named(found: Analysis) -> dict[str, Finding]:
    """Findings by name."""
    return {finding.name: finding for finding in found.findings}
