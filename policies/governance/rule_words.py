"""A change of the rules, field by field, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.governance.protection_rules import CHECK_NAMES
from policies.governance.risk_rules import read_rules
from policies.wording.numbers import percent

FIELDS = {
    "when_stale": "When a release is stale",
    "reauthenticate_to_approve": "Password before approving and publishing",
    "delivered_share": "Delivered at (% of the routers)",
    "input_usd_per_mtok": "Input, USD per million tokens",
    "output_usd_per_mtok": "Output, USD per million tokens",
    "adequate_at": "Adequate from quality",
    "timeout_ms": "Time limits (ms)",
    "min_moved": "Minimum of requests treated differently",
    "min_clusters": "Minimum of independent conversations",
    "fresh_days": "Fresh for (days)",
}
NOT_SHOWN = frozenset({"user_id"})
NOTHING = "–"


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """(field, before, after) in words for each field that differs, in the order they are kept."""
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old != new and name not in NOT_SHOWN:
            yield field_words(name), value_words(name, old), value_words(name, new)


def field_words(name: str) -> str:
    """A field as its page calls it."""
    return FIELDS.get(name, name.replace("_", " ").capitalize())


def value_words(name: str, value: Any) -> str:
    """A value as people read it."""
    if value in (None, "", [], {}):
        return NOTHING
    if name == "required_checks":
        return ", ".join(CHECK_NAMES.get(kind, kind) for kind in value)
    if name == "risk_rules":
        return "; ".join(f"{rule.when}: {rule.adds}" for rule in read_rules(value))
    if name == "sealed_share":
        return percent(value, 2)
    if name == "datasets":
        return ", ".join(f"“{dataset['name']}”" for dataset in value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_plain(inner)}" for key, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
