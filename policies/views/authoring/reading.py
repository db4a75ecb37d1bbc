"""A component's document to be read: for versions, and for drafts that one may not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.differences import written_out
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.views.authoring.draft_page import LAYER_LABELS
from policies.wording.fallback_grid import grid_of
from policies.wording.sentences import units_of


def reading_context(
    kind: str, raw: Any, catalogue: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Template context of a component's document as sentences and tables.

    `catalogue` saves reading today's again.
    """
    document = written_out(kind, raw)
    context: dict[str, Any] = {
        "document": document,
        "read_template": f"policies/authoring/components/read_{kind}.html",
        "units": units_of(document),
    }
    if kind == "fallback_matrix":
        context["grid"] = grid_of(document, None, catalogue or catalogue_document())
    if kind == "quality_thresholds":
        entries = document.get("thresholds", [])
        context["layers"] = [
            (label, found)
            for key, label in LAYER_LABELS.items()
            if (found := [entry for entry in entries if entry.get("layer") == key])
        ]
    return context
