"""How an operation introduces itself in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, extend_schema

from policies.api.bodies import Body
from policies.models.components import ComponentKind

Operation = TypeVar("Operation", bound=Callable[..., Any])
KIND = OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=ComponentKind.values)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description='The revision you started from, as in `"3"`; `*` overwrites whatever is there.',
)


def operation(
    name: str,
    summary: str,
    *,
    takes: Any = None,
    gives: Any = None,
    status: int | tuple[int, str] = 200,
    or_else: Mapping[int, Any] | None = None,
    query: type[Body] | None = None,
    parameters: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
) -> Callable[[Operation], Operation]:
    """Name an operation, and say what it takes and gives. Problem documents are added to all.

    `status` is one of success; with a media type when what it gives is not JSON. `or_else` has
    what another success gives.
    """
    return extend_schema(
        operation_id=name,
        summary=summary,
        request=takes,
        responses={status: gives, **(or_else or {})},
        parameters=[*parameters, *([query] if query else [])],
        examples=list(examples),
    )


def body_example(name: str, value: object) -> OpenApiExample:
    """What a caller might send."""
    return OpenApiExample(name, value=value, request_only=True)


class PersonalTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document tells of it."""

    target_class = "policies.api.authentication.PersonalTokenAuthentication"
    name = "personalToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token (`rcp_…`) from your account page.",
        }


class StrictBodySchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Bodies say in the document too that they take no other fields."""

    target_class = "policies.api.bodies.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}
