"""Where the present action came from, for the audit trail."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

REST_PREFIX = "/api/"
# The session's note of when its person last entered their password.
PASSWORD_ENTERED = "password_entered"  # noqa: S105 - a key, not a password
PASSWORD_LASTS = datetime.timedelta(minutes=10)


def _never() -> datetime.datetime | None:
    return None


@dataclass(frozen=True)
class Origin:
    """The way in (`browser`, `rest`, `command` or `task`) and the caller's address, if any.

    `password_entered` says when the person last entered their password; only a browser knows.
    """

    way: str = "command"
    address: str = ""
    password_entered: Callable[[], datetime.datetime | None] = _never

    @property
    def is_reauthenticated(self) -> bool:
        """Whether the person proved just now that it is they."""
        entered = self.password_entered()
        return entered is not None and timezone.now() - entered < PASSWORD_LASTS


COMMAND = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=COMMAND)


def current_origin() -> Origin:
    return _current.get()


@contextmanager
def acting_from(origin: Origin) -> Iterator[None]:
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


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
