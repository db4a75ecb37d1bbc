"""What the catalogue says now against what a bundle froze of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.differences.catalogue import FactChange, fact_changes, missing_models
from policies.services.authoring.catalogue_documents import catalogue_document


def catalogue_moves(
    content: Mapping[str, Any], now: Mapping[str, Any] | None = None
) -> list[FactChange]:
    """Facts and prices of the models in a bundle's content that the catalogue says otherwise now.

    `now` is the catalogue document, for whoever asks about several bundles. Else three queries,
    of the models that are named.
    """
    frozen = content["catalogue"]
    now = catalogue_document(only=frozen["models"].keys()) if now is None else now
    return [*fact_changes(frozen, now), *missing_models(frozen, now)]
