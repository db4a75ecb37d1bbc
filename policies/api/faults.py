"""Answers for addresses and faults that no operation sees: pages for people, JSON for programs."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from policies.api.problem import MEDIA_TYPE, PLAIN
from policies.governance.origin import REST_PREFIX

RETRY_AFTER_S = 5


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
    """A fault of ours; or the database's, which is away or busy: then it is worth trying again."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _database_is_away(request)
    if request.path.startswith(REST_PREFIX):
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The console failed; it is in its log.")
    return defaults.server_error(request)


def _database_is_away(request: HttpRequest) -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    response: HttpResponse
    if request.path.startswith(REST_PREFIX):
        detail = "The database does not answer. See whether it was done before you send it again."
        response = _problem(status, detail)
    else:
        page = render_to_string("500.html", {"database_is_away": True})
        response = HttpResponse(page, status=status)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response
