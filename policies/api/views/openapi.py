"""The OpenAPI document, built once in a process: it takes a second, and anybody may ask for it."""

from __future__ import annotations

import hashlib
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

# It changes with the console's version only; the entity tag makes asking again cheap.
CACHING = "public, max-age=3600"

RENDERERS: dict[str, Any] = {each.media_type: each for each in SpectacularAPIView.renderer_classes}

_building = Lock()


class OpenAPIDocument(APIView):
    """All operations, whoever asks, as YAML or JSON."""

    schema = None  # it does not describe itself
    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = tuple(RENDERERS.values())

    def get(self, request: Request) -> HttpResponseBase:
        renderer = request.accepted_renderer
        with _building:  # who asks meanwhile waits for the same one
            body, tag = _written(renderer.media_type)
        headers = {
            "Cache-Control": CACHING,
            "Content-Disposition": f'inline; filename="Routing Console.{renderer.format}"',
            "ETag": tag,
        }
        content_type = f"{renderer.media_type}; charset=utf-8"
        response = HttpResponse(body, content_type=content_type, headers=headers)
        return get_conditional_response(request._request, etag=tag, response=response) or response


@cache
def _written(media_type: str) -> tuple[bytes, str]:
    """The document's bytes in this representation, and their entity tag."""
    body = RENDERERS[media_type]().render(_document(), renderer_context={})
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return document
