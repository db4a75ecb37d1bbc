"""Answers for addresses and faults that no operation sees: pages for people, JSON for programs."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults

from policies.api.problem import MEDIA_TYPE, PLAIN
from policies.governance.origin import REST_PREFIX


def _problem(status: HTTPStatus, detail: str) -> JsonResponse:
    said = {"type": PLAIN, "title": status.phrase, "status": int(status), "detail": detail}
    return JsonResponse(said, status=status, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(REST_PREFIX):
        return _problem(HTTPStatus.BAD_REQUEST, "The request cannot be read.")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(REST_PREFIX):
        detail = "There is nothing at this address. Most addresses end with a slash."
        return _problem(HTTPStatus.NOT_FOUND, detail)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(REST_PREFIX):
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The console failed; it is in its log.")
    return defaults.server_error(request)
