"""How an operation introduces itself in the OpenAPI document."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.urls import reverse
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

LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    required=True,
    response=[201],
    description="The address of what was made, or of the list that it stands in.",
)


@dataclass(frozen=True)
class Made:
    """Where what an operation makes is found: the name of an address and its parameters, those that
    the operation's own address has, too, and those that members of the answer tell."""

    address: str
    shared: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)

    def location(self, own: Mapping[str, Any], answer: Any) -> str:
        told = {name: answer[member] for name, member in self.told.items()}
        return reverse(self.address, kwargs={name: own[name] for name in self.shared} | told)


def operation(
    name: str,
    summary: str,
    *,
    takes: Any = None,
    gives: Any = None,
    status: int | tuple[int, str] = 200,
    made: Made | None = None,
    or_else: Mapping[int, Any] | None = None,
    query: type[Body] | None = None,
    parameters: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
) -> Callable[[Operation], Operation]:
    """Name an operation, and say what it takes and gives. Problem documents are added to all.

    `status` is one of success; with a media type when what it gives is not JSON. `or_else` has
    what another success gives. What answers 201 says where it is `made`, which callers are told by
    `Location`.
    """
    if (status == 201) != (made is not None):
        raise ValueError(f"{name} has to say where what it makes is found, if it makes anything.")
    described = extend_schema(
        operation_id=name,
        summary=summary,
        request=takes,
        responses={status: gives, **(or_else or {})},
        parameters=[*parameters, *([query] if query else []), *([LOCATION] if made else [])],
        examples=list(examples),
    )
    return described if made is None else lambda view: described(_told_where(view, made))


def _told_where(view: Operation, made: Made) -> Operation:
    @functools.wraps(view)
    def answering(self: Any, request: Any, **own: Any) -> Any:
        answer = view(self, request, **own)
        if answer.status_code == 201:
            answer["Location"] = made.location(own, answer.data)
        return answer

    return answering  # type: ignore[return-value]


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
