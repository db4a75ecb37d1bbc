"""JSON Schemas of the documents, for editors, which cannot sign in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from policies.api.access import kind_or_404
from policies.api.operation import KIND, operation
from policies.files.schemas import schema_text

MEDIA_TYPE = "application/schema+json"
# They change with the console's version only; the entity tag makes asking again cheap.
CACHING = "public, max-age=3600"


class WhateverIsAccepted(BaseContentNegotiation):
    """There is one form. Editors ask for JSON of many names, or for anything."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ComponentSchema(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = WhateverIsAccepted

    @operation(
        "component_schema",
        "The JSON Schema (draft 2020-12) of a component's document; needs no token",
        gives=OpenApiTypes.OBJECT,
        status=(200, MEDIA_TYPE),
        parameters=[KIND],
    )
    def get(self, request: Request, kind: str) -> HttpResponseBase:
        body, tag = _written(kind_or_404(kind), reverse("api:component-schema", args=[kind]))
        headers = {"Cache-Control": CACHING, "ETag": tag}
        response = HttpResponse(body, content_type=MEDIA_TYPE, headers=headers)
        return get_conditional_response(request._request, etag=tag, response=response) or response


@cache
def _written(kind: str, address: str) -> tuple[bytes, str]:
    """The schema's bytes and their entity tag."""
    body = schema_text(kind, address).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
