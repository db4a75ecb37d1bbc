"""One door to the four component documents: parse by kind, and back to plain JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .classification import RequestClassification, parse_request_classification
from .fallback import FallbackMatrix, parse_fallback_matrix
from .routing import RouterPolicy, parse_router_policy
from .thresholds import QualityThresholds, parse_quality_thresholds

Component = RequestClassification | RouterPolicy | FallbackMatrix | QualityThresholds

_PARSERS: dict[str, Callable[[object], Component]] = {
    "request_classification": parse_request_classification,
    "router_policy": parse_router_policy,
    "fallback_matrix": parse_fallback_matrix,
    "quality_thresholds": parse_quality_thresholds,
}
COMPONENTS = tuple(_PARSERS)


class Document(Protocol):
    """Anything the engine has parsed."""

    def to_json(self) -> dict[str, object]: ...


def parse_component(kind: str, raw: object) -> Component:
    """Parses a component document of the given kind, one of COMPONENTS.

    Raises DocumentError with every problem, KeyError for a kind that does not exist.
    """
    return _PARSERS[kind](raw)


def serialise(document: Document) -> dict[str, object]:
    """The document as plain JSON with every default written out, so that digests do not depend
    on omitted keys. ``parse_component(kind, serialise(document)) == document``.
    """
    return document.to_json()
