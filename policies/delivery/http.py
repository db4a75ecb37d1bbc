"""Delivery inside the one server process: Django's requests in, `respond`'s answers out."""

from __future__ import annotations

import json

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from policies.delivery import signing
from policies.delivery.respond import Answer, problem, respond
from policies.delivery.snapshots import snapshots


@csrf_exempt
def policy(request: HttpRequest) -> HttpResponse:
    """The signed release of the environment that the bearer token names."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return _framed(respond(request.method or "", headers, snapshots))


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys that releases are signed with, present and past, as a JWK Set."""
    try:
        document = signing.jwks()
    except DatabaseError:
        return _framed(problem(503, "Try again shortly.", {"Retry-After": "5"}))
    return HttpResponse(
        json.dumps(document),
        content_type="application/jwk-set+json",
        headers={"Cache-Control": "public, max-age=60"},
    )


def _framed(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    if "Content-Type" not in answer.headers:
        del response["Content-Type"]  # Django's default says HTML, of a 304 too
    return response
