"""Changes of a request classification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.differences.change import (
    Change,
    Entry,
    Listing,
    description_change,
    entry_changes,
    shown_or_nothing,
    text_change,
)
from policies.differences.conditions import condition_changes
from policies.wording.sentences import class_rule_parts, listed, plain, shown, units_of

RISK_ORDER = {"low": 0, "medium": 1, "high": 2}


def classification_changes(old: Entry, new: Entry) -> Iterator[Change]:
    yield from entry_changes(ATTRIBUTES, old, new)
    yield from entry_changes(CLASSES, old, new)
    yield from entry_changes(_rules({**units_of(old), **units_of(new)}), old, new)
    yield from text_change(old, new, "default_class", "Without a matching rule", "", "the class")
    yield from _provided_changes(old.get("provided"), new.get("provided"))


def _attribute(entry: Entry) -> str:
    extra = f" in {entry['unit']}" if entry.get("unit") else ""
    values = f", one of {listed(entry['values'], 'or')}" if entry.get("values") else ""
    return f"a {shown(entry.get('type') or 'nothing')}{extra}{values}"


def _compare_attributes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    yield from text_change(old, new, "type", title, pointer, "the type")
    yield from text_change(old, new, "unit", title, pointer, "the unit")
    yield from _value_changes(old.get("values"), new.get("values"), title, f"{pointer}/values")
    if old.get("derived_from") != new.get("derived_from"):
        was, now = _derivation(old.get("derived_from")), _derivation(new.get("derived_from"))
        sentence = f"{title}: {now}; was {was}."
        yield Change("changed", sentence, f"{pointer}/derived_from")
    yield from description_change(old, new, title, pointer)


def _value_changes(old: Any, new: Any, title: str, pointer: str) -> Iterator[Change]:
    if old == new:
        return
    if not isinstance(old, list) or not isinstance(new, list):
        was = "any text" if old is None else listed(old, "or")
        now = "any text" if new is None else listed(new, "or")
        yield Change("changed", f"{title}: allows {now}; was {was}.", pointer)
        return
    for word, values in (
        ("allows", [value for value in new if value not in old]),
        ("no longer allows", [value for value in old if value not in new]),
    ):
        if values:
            yield Change("changed", f"{title}: {word} {listed(values, 'and')}.", pointer)


def _derivation(derived: Any) -> str:
    if not isinstance(derived, dict):
        return "given with the request"
    if "pattern" in derived:
        return f"found by the pattern {shown(derived['pattern'])}"
    return f"found by the words {listed(derived.get('keywords', []), 'or')}"


def _compare_classes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    yield from text_change(old, new, "label", title, pointer, "the label")
    if old.get("risk") != new.get("risk"):
        was, now = shown_or_nothing(old.get("risk")), shown_or_nothing(new.get("risk"))
        lower = RISK_ORDER.get(now, 0) < RISK_ORDER.get(was, 0)
        yield Change("changed", f"{title}: the risk was {was}, is {now}.", f"{pointer}/risk", lower)
    yield from description_change(old, new, title, pointer)


def _rules(units: dict[str, str]) -> Listing:
    def told(rule: Entry) -> str:
        return plain(class_rule_parts(rule, units))

    def compared(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
        when = f"{pointer}/when"
        yield from condition_changes(old.get("when"), new.get("when"), units, title, when)
        yield from text_change(old, new, "class", title, pointer, "the class")
        yield from description_change(old, new, title, pointer)

    return Listing("rules", "id", "Rule", told, compared, order_matters=True, known_by="when")


def _provided_changes(old: Any, new: Any) -> Iterator[Change]:
    title, pointer = "The router's own classifier", "/provided"
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        if new is None:
            yield Change("removed", f"{title} is no longer asked.", pointer)
            return
        source = new.get("attribute") if isinstance(new, dict) else new
        sentence = f"{title} is asked first, in the attribute {shown(source)}."
        yield Change("added", sentence, pointer)
        return
    yield from text_change(old, new, "attribute", title, pointer, "the attribute")
    yield from text_change(
        old, new, "confidence_attribute", title, pointer, "the attribute of its confidence"
    )
    was, now = old.get("min_confidence"), new.get("min_confidence")
    if was != now:
        lower = isinstance(was, int | float) and isinstance(now, int | float) and now < was
        sentence = f"{title}: is believed from {shown(now)} on; was from {shown(was)}."
        yield Change("changed", sentence, f"{pointer}/min_confidence", lower)


ATTRIBUTES = Listing("attributes", "name", "Attribute", _attribute, _compare_attributes)
CLASSES = Listing(
    "classes",
    "key",
    "Class",
    lambda entry: f"{shown(entry.get('risk') or 'no')} risk",
    _compare_classes,
)
