"""Reading what callers send: strictly, so that nothing they say is silently passed over."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from policies.api.problem import WrongBody
from policies.engine import DocumentError, Problem, load_json
from policies.engine.json_text import places_of_nul


class StrictJSONParser(JSONParser):
    """JSON without duplicate keys, NaN, lone surrogates or NUL, which no database could keep."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        # A stream knows no bound of its own, unlike Django's `request.body`.
        bound = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        raw = stream.read(bound + 1)
        if len(raw) > bound:
            raise RequestDataTooBig
        try:
            value = load_json(raw)
        except DocumentError as error:
            raise WrongBody(error.problems) from None
        problems = [
            Problem(place, "must not hold a NUL character") for place in places_of_nul(value)
        ]
        if problems:
            raise WrongBody(problems)
        return value


class Body(serializers.Serializer[Any]):
    """What an operation takes. A field that it does not know is an error."""

    def to_internal_value(self, data: Any) -> Any:
        unknown: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = ", ".join(self.fields) or "none"
            unknown = {
                str(name): [f"Unknown field; known here: {known}."]
                for name in data
                if name not in self.fields
            }
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            raise serializers.ValidationError({**unknown, **detail}) from None
        if unknown:
            raise serializers.ValidationError(unknown)
        return value


class MomentField(serializers.DateTimeField):
    """A time that somebody sends: with its zone, since a guess is an hour or a day off."""

    default_error_messages = {
        "no_zone": "Must be a time with its zone, such as 2027-03-28T02:30:00Z; "
        "this one has no zone."
    }

    def enforce_timezone(self, value: datetime.datetime) -> datetime.datetime:
        if value.tzinfo is None:
            self.fail("no_zone")
        moment: datetime.datetime = super().enforce_timezone(value)
        return moment


class Nothing(Body):
    """For operations that take no body."""


class PageQuery(Body):
    """Which part of a list: pages count from 1."""

    page = serializers.IntegerField(required=False, min_value=1)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200)


def read(request: Request, body: type[Body], **context: Any) -> dict[str, Any]:
    """The body, checked. Raises ValidationError with all that is wrong with its shape."""
    reader = body(data=request.data, context=context)
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def read_query(request: Request, query: type[Body]) -> dict[str, Any]:
    """The address's parameters, checked in the same way."""
    reader = query(data=request.query_params.dict())
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)
