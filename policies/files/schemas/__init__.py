"""JSON Schemas (draft 2020-12) of the four documents, for editors that complete and check. Pure.

They say of a document's shape what the engine's parser says, and are held to it by test. What a
schema cannot say (that names are declared, that ids differ) the parser alone checks. Only keywords
that editors have known since draft 7 are used; ``$defs`` apart, which is followed by pointer.
"""

from __future__ import annotations

import json

from policies.files.schemas import (
    fallback_matrix,
    quality_thresholds,
    request_classification,
    router_policy,
)
from policies.files.schemas.keywords import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: dict[str, Schema] = {
    "request_classification": request_classification.DOCUMENT,
    "router_policy": router_policy.DOCUMENT,
    "fallback_matrix": fallback_matrix.DOCUMENT,
    "quality_thresholds": quality_thresholds.DOCUMENT,
}


def component_schema(kind: str, address: str) -> Schema:
    """The schema of a component's document, one of COMPONENTS, as it stands at ``address``.

    An address without a host keeps the bytes the same behind every name of the console.
    """
    return {"$schema": DIALECT, "$id": address, **_DOCUMENTS[kind]}


def schema_text(kind: str, address: str) -> str:
    """The schema as JSON text for a file."""
    return json.dumps(component_schema(kind, address), ensure_ascii=False, indent=2) + "\n"
