"""Changes of quality thresholds; every weaker demand is marked as loosened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from policies.differences.change import Change, Entry, Listing, entry_changes, text_change
from policies.engine import COMPARISONS, METRICS
from policies.engine.metrics import Comparison
from policies.wording.sentences import bound_text, plain, shown, threshold_parts

LABELS = {name: metric.label for name, metric in METRICS.items()}
EFFECT_STRENGTH = {"alarm": 0, "rollback": 1, "gate": 2}
EFFECT_WORDS = {
    "gate": "holds changes back",
    "alarm": "raises an alarm",
    "rollback": "rolls back",
}


def threshold_changes(old: Entry, new: Entry) -> Iterator[Change]:
    yield from entry_changes(THRESHOLDS, old, new)


def _compare(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    for change in text_change(old, new, "metric", title, pointer, "the metric"):
        yield replace(change, loosens=True)  # the old metric is no longer asked about
    if _class_of(old) != _class_of(new):
        was, now = (_scope(entry.get("class")) for entry in (old, new))
        sentence = f"{title}: holds for {now}; was for {was}."
        # Every class together says nothing of one of them, nor the other way round.
        yield Change("changed", sentence, f"{pointer}/class", loosens=True)
    yield from _bound_changes(old, new, title, pointer)
    yield from _evidence_changes(old, new, title, pointer)
    if old.get("effect") != new.get("effect"):
        was, now = (EFFECT_WORDS.get(shown(e.get("effect")), "is unclear") for e in (old, new))
        weaker = _strength(new) < _strength(old)
        yield Change("changed", f"{title}: {now}; was: {was}.", f"{pointer}/effect", weaker)
    yield from text_change(old, new, "window", title, pointer, "the window")
    yield from text_change(old, new, "owner", title, pointer, "the owner")


def _bound_changes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    keys = ("comparison", "op", "value", "margin", "relative")
    changed = [key for key in keys if old.get(key) != new.get(key)]
    # Where the bound is a size, a change of `op` alone changes nothing.
    if not changed or (changed == ["op"] and _comparison(new).has_size):
        return
    loosens, tightens = _is_loosened(old, new), _is_loosened(new, old)
    # Bounds that cannot be told apart may ask for less either way.
    word = "" if loosens and tightens else " loosened" if loosens else " tightened"
    sentence = f"{title}{word}: {bound_text(new)}; was {bound_text(old)}."
    key = next((key for key in ("margin", "value") if key in changed), changed[0])
    yield Change("changed", sentence, f"{pointer}/{key}", loosens)


def _is_loosened(old: Entry, new: Entry) -> bool:
    """Whether the bound asks for less, or may: one that cannot be compared with the old counts."""
    if any(old.get(key) != new.get(key) for key in ("comparison", "relative", "metric")):
        return True
    comparison = _comparison(new)
    was, now = (_number(entry.get(comparison.bound)) for entry in (old, new))
    if was is None or now is None:
        return True
    if comparison.has_size:
        return now > was if comparison.is_allowance else now < was
    was_op, now_op = shown(old.get("op")), shown(new.get("op"))
    if was_op[:2] != now_op[:2]:
        return True
    if was == now:
        return (was_op, now_op) in (("gt", "gte"), ("lt", "lte"))
    return now < was if now_op in ("gte", "gt") else now > was


def _comparison(entry: Entry) -> Comparison:
    return COMPARISONS.get(shown(entry.get("comparison")), COMPARISONS["absolute"])


def _evidence_changes(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    """Less confidence or fewer samples make a verdict easier to get."""
    for key, words in (("confidence", "the confidence"), ("min_samples", "the fewest requests")):
        was, now = old.get(key), new.get(key)
        if was != now:
            sentence = f"{title}: {words} was {shown(was)}, is {shown(now)}."
            yield Change("changed", sentence, f"{pointer}/{key}", _above(was, now))


def _above(left: Any, right: Any) -> bool:
    high, low = _number(left), _number(right)
    return high is not None and low is not None and high > low


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _class_of(entry: Entry) -> Any:
    return entry.get("class") or "*"


def _strength(entry: Entry) -> int:
    return EFFECT_STRENGTH.get(shown(entry.get("effect")), 0)


def _scope(class_key: Any) -> str:
    return "every class" if class_key in (None, "*") else f"class {shown(class_key)}"


THRESHOLDS = Listing(
    "thresholds",
    "id",
    "Threshold",
    lambda entry: plain(threshold_parts(entry, LABELS)),
    _compare,
    removal_loosens=True,
)
