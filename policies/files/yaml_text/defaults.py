"""Component documents with their defaults left out, as people write them.

Left out is what a constant default of the schema says. What would follow from another place is
written: the salt and weights of a split, a threshold's layer, a class's label. So no edit elsewhere
changes the meaning of a line that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policies.engine import FallbackMatrix, parse_component, serialise
from policies.engine.fallback import Limits, Retries
from policies.engine.routing import DEFAULT_RULE, Constraints

Raw = dict[str, Any]
_SHORTEST_CEILING_MS = 2000


def without_defaults(kind: str, document: Any) -> Raw:
    """A sound document in its short form; the parser gives both forms the same meaning.

    Raises DocumentError when the document is not sound.
    """
    parsed = parse_component(kind, document)
    full: Raw = serialise(parsed)
    short = _SHORTENERS[kind](full)
    # The long form is right by definition; so a shortener that errs can only cost lines.
    return short if parse_component(kind, short) == parsed else full


def _strip(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Raw:
    return {
        key: value
        for key, value in entry.items()
        if key not in defaults or value != defaults[key] or type(value) is not type(defaults[key])
    }


def _classification(full: Raw) -> Raw:
    attribute = {"description": "", "unit": "", "values": None, "derived_from": None}
    return {
        "schema": full["schema"],
        "attributes": [_strip(entry, attribute) for entry in full["attributes"]],
        "classes": [_strip(entry, {"description": ""}) for entry in full["classes"]],
        "rules": [_strip(rule, {"description": ""}) for rule in full["rules"]],
        **_strip(
            {"default_class": full["default_class"], "provided": full["provided"]},
            {"provided": None},
        ),
    }


def _policy(full: Raw) -> Raw:
    rules = [
        {**_strip(rule, {"description": ""}), "route": _route(rule["route"], rule["id"])}
        for rule in full["rules"]
    ]
    default = _route(full["default"], DEFAULT_RULE)
    top = {**full, "rules": rules, "default": default}
    return _strip(top, {"sticky_on": None})


def _route(route: Raw, rule_id: str) -> Raw:
    is_split = route["select"] == "weighted"
    candidate = {} if is_split else {"weight": 1}
    short = {
        **route,
        "candidates": [_strip(entry, candidate) for entry in route["candidates"]],
        "constraints": _strip(route["constraints"], Constraints().to_json()),
    }
    defaults: Raw = {"constraints": {}, "on_no_candidate": "refuse"}
    return _strip(short, defaults if is_split else {**defaults, "salt": rule_id})


def _matrix(full: Raw) -> Raw:
    rows = [
        _strip(
            {**row, "retries": _retries(row["retries"])},
            {"class": None, "retries": {}, "then": []},
        )
        for row in full["rows"]
    ]
    limits = _limits(full["limits"])
    return _strip({**full, "rows": rows, "limits": limits}, {"limits": {}})


def _retries(full: Raw) -> Raw:
    defaults = Retries().to_json()
    if full["base_ms"] > _SHORTEST_CEILING_MS:
        del defaults["max_ms"]  # follows from base_ms then
    return _strip(full, defaults)


def _limits(full: Raw) -> Raw:
    defaults = FallbackMatrix(limits=Limits()).limits.to_json()
    short = dict(full)
    for part in ("retry_budget", "breaker", "preserve"):
        inner = defaults[part]
        if isinstance(full[part], dict) and isinstance(inner, dict):
            short[part] = _strip(full[part], inner)
    constant = {key: value for key, value in defaults.items() if not isinstance(value, dict)}
    return _strip(short, {**constant, "retry_budget": {}, "breaker": {}, "preserve": {}})


def _thresholds(full: Raw) -> Raw:
    defaults = {
        "class": "*",
        "value": None,
        "margin": None,
        "relative": False,
        "confidence": 0.95,
        "min_samples": 200,
        "window": "7d",
        "owner": "",
    }
    return {**full, "thresholds": [_strip(entry, defaults) for entry in full["thresholds"]]}


_SHORTENERS: dict[str, Callable[[Raw], Raw]] = {
    "request_classification": _classification,
    "router_policy": _policy,
    "fallback_matrix": _matrix,
    "quality_thresholds": _thresholds,
}
