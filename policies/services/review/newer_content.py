"""Whether the draft of a change request has moved on since its content was proposed."""

from __future__ import annotations

from policies.engine import DocumentError, parse_component, serialise
from policies.models import ChangeRequest
from policies.models.components import ComponentKind
from policies.services.authoring.proposals import as_proposed


def newer_in_draft(change: ChangeRequest) -> list[str]:
    """Labels of the components whose document in the draft means something else than what is
    proposed, or is not valid yet. Empty where nothing waits, or nothing can be taken over.
    """
    if change.draft is None or not change.is_open:
        return []
    if change.draft.updated_at <= change.created_at:  # nothing was saved since; no need to look
        return []
    documents = as_proposed(change.draft.saved_documents(), change.base_release)
    return [
        ComponentKind(kind).label
        for kind in ComponentKind.values
        if kind in documents and _differs(kind, documents[kind], change.bundle.content[kind])
    ]


def _differs(kind: str, document: object, proposed: object) -> bool:
    if document == proposed:
        return False
    try:
        return serialise(parse_component(kind, document)) != proposed
    except DocumentError:
        return True
