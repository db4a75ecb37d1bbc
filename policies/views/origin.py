"""Notes where each request came from, and when its person last entered their password."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from policies.governance.origin import REST_PREFIX, Origin, acting_from

# The session's note of when its person last entered their password.
PASSWORD_ENTERED = "password_entered"  # noqa: S105 - a key, not a password


class OriginMiddleware:
    """Notes for each request whether it came by browser or REST, and from which address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = request.META.get("REMOTE_ADDR", "")
        if request.path.startswith(REST_PREFIX):
            origin = Origin("rest", address)
        else:
            # Read only where it is asked for: most pages do without the session's note.
            origin = Origin("browser", address, partial(_password_entered, request))
        with acting_from(origin):
            return self.get_response(request)


def note_password(request: HttpRequest) -> None:
    """The person has just entered their password in this session."""
    request.session[PASSWORD_ENTERED] = timezone.now().isoformat()


def _password_entered(request: HttpRequest) -> datetime.datetime | None:
    return parse_datetime(request.session.get(PASSWORD_ENTERED, ""))
