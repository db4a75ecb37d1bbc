"""Documents as they would be proposed: with the earlier weights of their splits.

Whatever shows what a draft would do asks here, so that it tells of what is proposed later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.differences.split_history import carried_over, with_earlier_weights
from policies.models import Draft, Release, Workflow
from policies.services.authoring.drafts import documents_in_force


def as_proposed(documents: Mapping[str, Any], base: Release | None) -> dict[str, Any]:
    """Documents as they are proposed where ``base`` is in force; None where nothing is."""
    return with_earlier_weights(documents, base.bundle.documents) if base else dict(documents)


def proposed_anew(
    documents: Mapping[str, Any], old: Release | None, base: Release | None
) -> dict[str, Any]:
    """Documents that were proposed where ``old`` was in force, as they are where ``base`` is."""
    if base is None:
        return dict(documents)
    before = old.bundle.documents if old else {}
    return carried_over(documents, before, base.bundle.documents)


def proposed_by(draft: Draft, documents: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A draft's documents as they are proposed, compared with the base of its change request, else
    with what is in force. ``documents`` are those on the screen instead of the saved ones.
    """
    documents = documents or draft.saved_documents()
    change = getattr(draft, "change", None)
    if change is not None:
        return as_proposed(documents, change.base_release)
    return tried_in(draft.workflow, documents)


def tried_in(workflow: Workflow, documents: Mapping[str, Any]) -> dict[str, Any]:
    """Documents that are no draft's, as they would be proposed against what is in force."""
    return with_earlier_weights(documents, documents_in_force(workflow))
