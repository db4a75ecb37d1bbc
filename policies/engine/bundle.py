"""Bundles: four documents and the catalogue entries they name, checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from .canonical import digest
from .catalogue import Catalogue, read_catalogue
from .classification import RequestClassification, read_request_classification
from .components import COMPONENTS
from .fallback import ANY_MODEL, FallbackMatrix, read_fallback_matrix
from .reading import Place, parsed
from .routing import RouterPolicy, read_router_policy
from .text import require_pattern_matcher
from .thresholds import QualityThresholds, read_quality_thresholds


@dataclass(frozen=True)
class Bundle:
    """Everything a router needs to decide."""

    request_classification: RequestClassification
    router_policy: RouterPolicy
    fallback_matrix: FallbackMatrix
    quality_thresholds: QualityThresholds
    catalogue: Catalogue

    @cached_property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical form."""
        return digest(self.to_json())

    def model_names(self) -> frozenset[str]:
        """The models that the policy or the fallback matrix names."""
        routed = {
            candidate.model
            for _, route in self.router_policy.routes()
            for candidate in route.candidates
        }
        rows = self.fallback_matrix.rows
        targets = {model for row in rows for model in (row.model, *row.then)}
        return frozenset(routed | targets - {ANY_MODEL})

    def to_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "request_classification": self.request_classification.to_json(),
            "router_policy": self.router_policy.to_json(),
            "fallback_matrix": self.fallback_matrix.to_json(),
            "quality_thresholds": self.quality_thresholds.to_json(),
            "catalogue": self.catalogue.to_json(),
        }


def parse_bundle(raw: object) -> Bundle:
    """Parses a bundle and checks that every class, attribute and model it names exists.

    Raises DocumentError with every problem, each pointing into the bundle.
    """
    return parsed(raw, _read_bundle)


def compose(documents: Mapping[str, object], catalogue: object) -> dict[str, object]:
    """The bundle of four raw documents (kind → document) and a raw catalogue, as plain JSON.

    Defaults are written out and only the named catalogue entries are kept. Raises DocumentError
    with pointers into the bundle (``/router_policy/rules/0/…``).
    """
    bundle = parse_bundle({"schema": 1, **documents, "catalogue": catalogue})
    return replace(bundle, catalogue=bundle.catalogue.only(bundle.model_names())).to_json()


def require_text_matcher(bundle: Bundle) -> None:
    """Raises EngineError if the bundle derives a flag with a pattern and RE2 is not installed.

    To be called wherever a bundle is loaded to decide with it.
    """
    derivations = [attribute.derived_from for attribute in bundle.request_classification.attributes]
    if any(derivation and derivation.pattern is not None for derivation in derivations):
        require_pattern_matcher()


def _read_bundle(place: Place) -> Bundle:
    fields = place.fields("schema", *COMPONENTS, "catalogue")
    fields.required("schema").schema()
    catalogue = read_catalogue(fields.required("catalogue"))
    classification = read_request_classification(fields.required("request_classification"))
    classes, models = classification.class_keys, catalogue.models
    return Bundle(
        request_classification=classification,
        router_policy=read_router_policy(
            fields.required("router_policy"), classification.policy_vocabulary, models
        ),
        fallback_matrix=read_fallback_matrix(fields.required("fallback_matrix"), classes, models),
        quality_thresholds=read_quality_thresholds(fields.required("quality_thresholds"), classes),
        catalogue=catalogue,
    )
