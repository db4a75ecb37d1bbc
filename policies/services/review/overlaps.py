"""Other open change requests on the same components of the same environment."""

from __future__ import annotations

from dataclasses import dataclass

from policies.models import ChangeRequest
from policies.models.components import ComponentKind
from policies.services.review.facts import touched_documents


@dataclass(frozen=True)
class Overlap:
    """Another open change request, and the kinds of the components that both change."""

    other: ChangeRequest
    kinds: tuple[str, ...]

    @property
    def labels(self) -> str:
        """``router policy and quality thresholds``"""
        named = [ComponentKind(kind).label.lower() for kind in self.kinds]
        return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


def overlaps_of(change: ChangeRequest) -> list[Overlap]:
    """By number; empty once it is closed. One query."""
    if not change.is_open:
        return []
    touched = touched_documents(change)
    rows = (
        ChangeRequest.objects.open()
        .filter(environment=change.environment_id)
        .exclude(pk=change.pk)
        .select_related("bundle", "base_release__bundle", "created_by", "workflow")
        .defer("bundle__content", "base_release__bundle__content", "base_release__body")
        .order_by("number")
    )
    found = []
    for other in rows:
        theirs = touched_documents(other)
        shared = tuple(kind for kind in touched if kind in theirs)
        if shared:
            found.append(Overlap(other, shared))
    return found
