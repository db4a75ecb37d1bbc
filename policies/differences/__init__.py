"""What changed between two documents of a component, in words and line by line. Pure.

Works on raw documents, right or wrong; those that the parser accepts are compared with their
defaults written out, so that an omitted default is no change.
"""

from __future__ import annotations

from typing import Any

from policies.differences.change import Change
from policies.differences.classification import classification_changes
from policies.differences.fallback import fallback_changes
from policies.differences.lines import DocumentLine, document_lines
from policies.differences.moves import with_effects
from policies.differences.routing import routing_changes
from policies.differences.thresholds import threshold_changes
from policies.engine import DocumentError, parse_component, serialise

__all__ = ["Change", "DocumentLine", "describe_difference", "document_lines", "written_out"]

_COMPARERS = {
    "request_classification": classification_changes,
    "router_policy": routing_changes,
    "fallback_matrix": fallback_changes,
    "quality_thresholds": threshold_changes,
}

RULED = ("request_classification", "router_policy")
NO_EFFECT = "Written in another way, with the same effect."


def describe_difference(
    kind: str, old_doc: Any, new_doc: Any, *, classification: Any = None
) -> list[Change]:
    """Every change from ``old_doc`` to ``new_doc`` as a sentence, in the document's order.

    Pointers lead into the new document, for what was removed into the old one. With the raw
    ``classification`` that goes with a policy, a moved rule's sentence says for which requests
    the move makes a difference, or that it makes none. Raises KeyError for a kind that is no
    component.
    """
    comparer = _COMPARERS[kind]
    old, new = written_out(kind, old_doc), written_out(kind, new_doc)
    if old == new:
        return []
    told = list(comparer(_object(old), _object(new))) or [_wordless(kind, old, new)]
    if kind not in RULED:
        return told
    return with_effects(kind, _object(old), _object(new), told, classification)


def _wordless(kind: str, old: Any, new: Any) -> Change:
    """A difference that no sentence tells: one without effect, or in what is not right yet."""
    try:
        parse_component(kind, old), parse_component(kind, new)
    except DocumentError:
        return Change("changed", "It changed in a place that is not right yet.", "")
    return Change("changed", NO_EFFECT, "")


def written_out(kind: str, document: Any) -> Any:
    """The document with its defaults written out, or as it is while it is not right."""
    try:
        return serialise(parse_component(kind, document))
    except DocumentError:
        return document


def _object(document: Any) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}
