"""What the OpenAPI document says of the operations of routers that no view of Django answers.

The delivery plane answers them from memory; docs/delivery.md is their reference.
"""

from __future__ import annotations

from typing import Any

from policies.api.problem import MEDIA_TYPE
from policies.delivery.answering import JWKS_PATH, POLICY_PATH
from policies.delivery.body import SCHEMA
from policies.delivery.plane import PlaneSettings
from policies.delivery.signing.signers import ALGORITHM
from policies.delivery.status import LARGEST_REPORT_BYTES
from policies.delivery.status_asgi import STATUS_PATH
from policies.engine.reading import KEY_PATTERN
from policies.files.schemas.names import whole
from policies.fleet.report import (
    LARGEST_INTEGER,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_ERRORS,
    MOST_LABELS,
    Source,
)
from policies.models import SigningKey
from policies.models.workflows import StalenessRule

Shape = dict[str, Any]

PROBLEM: Shape = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
BY_ROUTERS: list[Shape] = [{"routerToken": []}]
TAGS = ["Delivery"]
LONGEST_WAIT_S = PlaneSettings().longest_wait_s
TEXT: Shape = {"type": "string"}
MOMENT: Shape = {"type": "string", "format": "date-time"}
KEY: Shape = {"type": "string", "pattern": whole(KEY_PATTERN)}
DIGEST: Shape = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
LINE: Shape = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
NUMBER: Shape = {"type": "integer", "minimum": 1, "maximum": LARGEST_INTEGER}


def _object(required: Shape, optional: Shape | None = None, **more: Any) -> Shape:
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": list(required), **more}


def _nullable(shape: Shape) -> Shape:
    return {**shape, "nullable": True}


def _refusals(**sentences: str) -> Shape:
    """Problem documents by status: `_401="…"`."""
    return {
        code.removeprefix("_"): {"description": sentence, "content": PROBLEM}
        for code, sentence in sentences.items()
    }


def _header(description: str) -> Shape:
    return {"description": description, "schema": TEXT}


RELEASE = _object(
    {
        "schema": {"type": "integer", "enum": [SCHEMA]},
        "workflow": TEXT,
        "environment": TEXT,
        "release": _object(
            {
                "number": NUMBER,
                "digest": DIGEST,
                "published_at": MOMENT,
                "not_after": MOMENT,
                "approved_by": {"type": "array", "items": TEXT},
                "when_stale": {"type": "string", "enum": StalenessRule.values},
            }
        ),
        "bundle": {"type": "object", "description": "The four documents and the catalogue."},
        "rollout": {"nullable": True, "description": "Null."},
    },
    {"attestation": {"type": "object", "description": "Who let it out, on what."}},
)
RUNNING = _object({"number": NUMBER, "digest": DIGEST}, additionalProperties=False)
ERROR = _object(
    {
        "kind": KEY,
        "message": {"type": "string", "minLength": 1, "maxLength": LONGEST_MESSAGE},
        "at": MOMENT,
    },
    {"count": {**NUMBER, "default": 1}},
    additionalProperties=False,
)
STATUS_REPORT = _object(
    {
        "instance_id": LINE,
        "client": _object({"name": LINE, "version": LINE}, additionalProperties=False),
        "clock": {**MOMENT, "description": "The router's now."},
        "started_at": MOMENT,
    },
    {
        "labels": {
            "type": "object",
            "additionalProperties": LINE,
            "maxProperties": MOST_LABELS,
        },
        "active": _nullable(RUNNING),
        "pending": _nullable(RUNNING),
        "source": {
            "type": "string",
            "enum": [*(source.value for source in Source), None],
            "nullable": True,
        },
        "adopted_at": _nullable(MOMENT),
        "last_success_at": _nullable(MOMENT),
        "errors": {"type": "array", "items": ERROR, "maxItems": MOST_ERRORS},
        "ended": {
            "type": "boolean",
            "default": False,
            "description": "The last report: the router stops, and counts no more.",
        },
    },
    additionalProperties=False,
)
TAKEN = _object(
    {"interval_s": {"type": "integer"}, "jitter_s": {"type": "integer"}},
    {
        "workflow": {**TEXT, "description": "Where the token belongs."},
        "environment": {
            **TEXT,
            "description": "Both are missing only while a plane knows no more than a file of an "
            "earlier version.",
        },
    },
)
SIGNING_KEY = _object(
    {
        "kty": {"type": "string", "enum": ["OKP"]},
        "crv": {"type": "string", "enum": ["Ed25519"]},
        "alg": {"type": "string", "enum": [ALGORITHM]},
        "use": {"type": "string", "enum": ["sig"]},
        "kid": TEXT,
        "x": TEXT,
        "sequence": NUMBER,
        "created_at": MOMENT,
        "endorsements": {"type": "array", "items": TEXT},
    }
)
REVOCATION = _object(
    {
        "reason": {"type": "string", "enum": SigningKey.Revoked.values},
        "revoked_at": MOMENT,
        "signature": TEXT,
    }
)
KEY_SET = _object(
    {
        "keys": {"type": "array", "items": {"$ref": "#/components/schemas/SigningKey"}},
        "revoked": {
            "type": "array",
            "items": {
                "allOf": [
                    {"$ref": "#/components/schemas/SigningKey"},
                    _object({"revocation": REVOCATION}),
                ]
            },
        },
    }
)
SCHEMAS = {
    "PolicyRelease": RELEASE,
    "SigningKey": SIGNING_KEY,
    "SigningKeySet": KEY_SET,
    "StatusReport": STATUS_REPORT,
    "StatusTaken": TAKEN,
}
TOKEN_REFUSALS = {
    "_401": "No router token, or not a usable one.",
    "_403": "A person's token, or one without the scope.",
    "_429": "The token asks more often than it may; see Retry-After.",
    "_503": "Nothing is known here yet; see Retry-After.",
}


def _body(schema: str, media_type: str = "application/json") -> Shape:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _parameter(name: str, description: str) -> Shape:
    return {"name": name, "in": "header", "description": description, "schema": TEXT}


OPERATIONS: dict[str, Shape] = {
    POLICY_PATH: {
        "get": {
            "operationId": "fetch_policy",
            "summary": "Fetch the release in force, signed",
            "description": "The exact body is signed: `Policy-Signature` is a detached JWS.",
            "tags": TAGS,
            "security": BY_ROUTERS,
            "parameters": [
                _parameter("If-None-Match", "The `ETag` of the release that is held."),
                _parameter(
                    "Prefer", f"`wait=25`: wait for the next one, {LONGEST_WAIT_S} s at most."
                ),
            ],
            "responses": {
                "200": {
                    "description": "The release.",
                    "headers": {
                        "ETag": _header("Names release, content and end."),
                        "Policy-Signature": _header("Detached JWS over the body before coding."),
                        "Routing-Console-Source": _header("database, or memory with `Age`."),
                    },
                    "content": _body("PolicyRelease"),
                },
                "304": {"description": "The release that is held is the one in force."},
                **_refusals(_404="Nothing was published here yet.", **TOKEN_REFUSALS),
            },
        }
    },
    STATUS_PATH: {
        "post": {
            "operationId": "report_status",
            "summary": "Report what a router runs and how it is",
            "description": f"JSON of at most {LARGEST_REPORT_BYTES:,} bytes.",
            "tags": TAGS,
            "security": BY_ROUTERS,
            "requestBody": {"required": True, "content": _body("StatusReport")},
            "responses": {
                "202": {
                    "description": "Taken; report again after `interval_s`, give or take.",
                    "content": _body("StatusTaken"),
                },
                **_refusals(
                    _400="The report is wrong; `errors` points at each place.",
                    _408="The body did not arrive in time.",
                    _413="The report is too large.",
                    _415="Only uncompressed JSON is understood here.",
                    **TOKEN_REFUSALS,
                ),
            },
        }
    },
    JWKS_PATH: {
        "get": {
            "operationId": "fetch_signing_keys",
            "summary": "Fetch the keys that releases are signed with",
            "tags": TAGS,
            "security": [{}],
            "responses": {
                "200": {
                    "description": "A JWK Set (RFC 7517), the revoked keys apart.",
                    "content": _body("SigningKeySet", "application/jwk-set+json"),
                },
                **_refusals(_503="The keys are not known here yet; see Retry-After."),
            },
        }
    },
}


def add_delivery(result: Shape, **_: Any) -> Shape:
    """Add what the delivery plane answers. A postprocessing hook."""
    result["components"]["schemas"] |= SCHEMAS
    result["paths"] |= OPERATIONS
    return result
