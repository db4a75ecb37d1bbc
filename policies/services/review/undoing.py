"""What a change request would undo of what was published since it was compared with its base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.differences import describe_difference, written_out
from policies.differences.three_way import merge
from policies.engine import COMPONENTS
from policies.models import ChangeRequest, Release

TOLD = 5


def undone_by(change: ChangeRequest, active: Release | None) -> list[str]:
    """In words, what of the active release would be gone if the content were published as it is.

    What both changed differently counts, too: the active release's version of it would be gone.
    """
    base = change.base_release
    if base is None or active is None or active.bundle.digest == base.bundle.digest:
        return []
    return undone_between(base.bundle.content, change.bundle.content, active.bundle.content)


def undone_between(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> list[str]:
    """In words, what `theirs` changed of `base` and `ours` does not have. All by component."""
    return [sentence for kind in COMPONENTS for sentence in _undone(kind, base, ours, theirs)]


def _undone(
    kind: str, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> list[str]:
    versions = [written_out(kind, side[kind]) for side in (base, ours, theirs)]
    merged = merge(kind, *versions)
    lost = describe_difference(
        kind, merged.document, versions[1], classification=ours["request_classification"]
    )
    return [
        *(change.sentence for change in lost),
        *(collision.sentence for collision in merged.collisions),
    ]


def told(undone: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" And {len(undone) - TOLD} more." if len(undone) > TOLD else ""
    return " ".join(undone[:TOLD]) + more
