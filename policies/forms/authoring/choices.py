"""What each select and chip group offers, and what to say where nothing is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.engine import METRICS
from policies.engine.fallback import ANSWERABLE
from policies.engine.thresholds import OPS
from policies.forms.authoring.shape_kinds import Kind, Leaf
from policies.forms.authoring.vocabulary import Choice, Vocabulary
from policies.wording.sentences import OPERATOR_SIGNS

BLANK_LABELS = {
    "optional_class": "Any class",
    "sticky": "Nothing: each request by itself",
}


def choices_of(
    leaf: Leaf, vocabulary: Vocabulary, siblings: Mapping[str, Any]
) -> tuple[Choice, ...]:
    """The choices of a leaf, given the raw object it stands in."""
    if leaf.choices:
        return tuple(Choice(value, label) for value, label in leaf.choices)
    if leaf.source == "metrics":
        return _metrics(siblings.get("layer"))
    if leaf.source == "ops":
        return _operators(siblings.get("metric"))
    return _SOURCES[leaf.source](vocabulary) if leaf.source else ()


def blank_choice(leaf: Leaf) -> Choice | None:
    """What an empty select says; None where it cannot be left empty on purpose."""
    if leaf.kind is Kind.OPTIONAL_TEXT:
        return Choice("", BLANK_LABELS.get(leaf.source, "None"))
    return None


def _metrics(layer: Any) -> tuple[Choice, ...]:
    return tuple(
        Choice(metric.name, metric.label)
        for metric in METRICS.values()
        if metric.layer == layer or layer in (None, "")
    )


def _operators(metric: Any) -> tuple[Choice, ...]:
    found = METRICS.get(metric) if isinstance(metric, str) else None
    return tuple(Choice(op, OPERATOR_SIGNS[op]) for op in (found.ops if found else OPS))


def _sticky(vocabulary: Vocabulary) -> tuple[Choice, ...]:
    words = vocabulary.attributes.values()
    names = [word.name for word in words if word.type == "category" and word.name != "class"]
    return tuple(Choice(name, name) for name in names)


_SOURCES = {
    "classes": lambda vocabulary: vocabulary.classes,
    "optional_class": lambda vocabulary: vocabulary.classes,
    "class_or_any": lambda vocabulary: (Choice("*", "Every class"), *vocabulary.classes),
    "models": lambda vocabulary: vocabulary.models,
    "models_or_any": lambda vocabulary: (Choice("*", "Any model"), *vocabulary.models),
    "regions": lambda vocabulary: vocabulary.regions,
    "capabilities": lambda vocabulary: vocabulary.capabilities,
    "failure_kinds": lambda _: tuple(
        Choice(kind, kind.replace("_", " ").capitalize()) for kind in ANSWERABLE
    ),
    "sticky": _sticky,
}
