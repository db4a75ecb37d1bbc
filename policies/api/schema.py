"""What the OpenAPI document says beyond the operations themselves."""

from __future__ import annotations

from typing import Any

from policies.api.problem import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `errors` says what is wrong with the input, `reasons` why it is "
    "refused and what would remove each obstacle.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
                "required": ["pointer", "message"],
            },
        },
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
    },
    "required": ["type", "title", "status", "detail"],
}
DESCRIPTION = """Author, prove, review, publish, watch and reverse model-routing policies.

**Who calls.** `Authorization: Bearer rcp_…`, a personal token from your account page. A token
may do what its person may do in the browser, under the same rules. Routers call with
`Authorization: Bearer rcr_…`, a token of one environment.

**Errors** are problem documents (RFC 9457). `errors` point at each wrong place of the input by
JSON pointer; `reasons` name each obstacle with a stable code and what would remove it.

**Bodies** are read strictly: an unknown field or filter is an error, never passed over.

**Lists** come in pages (`?page=2&page_size=100`), with the addresses of the neighbours.

**Edits** of a draft's document name the revision they started from (`If-Match`); approvals may
name what was seen (`subject_digest`). Whoever is late is told, and nobody's work is lost.
"""
EVERYWHERE = {"400": "The body or the address's parameters cannot be read."}
SIGNED_IN = {
    "401": "No valid token or session.",
    "403": "Your role, or the four-eyes rule, does not allow it.",
}
OPEN_TO_ALL: list[dict[str, Any]] = [{}]
WITH_PLACE = {"404": "There is no such thing, or it is not yours to see."}
WRITING = {
    "406": "Only JSON is spoken here.",
    "409": "The moment is wrong; `reasons` says what would have to be different.",
    "413": "The body is too large.",
    "415": "Only JSON is understood here.",
    "422": "The documents are wrong; `errors` points at each place.",
}
REVISIONS = {
    "412": "Somebody else saved a newer revision.",
    "428": "If-Match is missing.",
}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem answers that every operation of people may give. A postprocessing hook."""
    result["info"]["description"] = DESCRIPTION
    result["components"]["schemas"]["Problem"] = PROBLEM
    for address, operations in result["paths"].items():
        for method, operation in operations.items():
            for code, sentence in _problems(address, method, operation).items():
                operation["responses"].setdefault(code, _answer(sentence))
            for code, answer in operation["responses"].items():
                if code >= "400":
                    answer.setdefault("content", _answer("")["content"])
    return result


def _problems(address: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    said = dict(EVERYWHERE)
    if operation.get("security") != OPEN_TO_ALL:
        said |= SIGNED_IN
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if "{" in address or "page" in names:
        said |= WITH_PLACE
    if method in {"post", "put", "patch", "delete"}:
        said |= WRITING
    if "If-Match" in names:
        said |= REVISIONS
    return said


def _answer(sentence: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": sentence, "content": {MEDIA_TYPE: {"schema": schema}}}
