"""Where the present action came from, for the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

REST_PREFIX = "/api/"


@dataclass(frozen=True)
class Origin:
    """The way in (`browser`, `rest`, `command` or `task`) and the caller's address, if any."""

    way: str = "command"
    address: str = ""


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
        way = "rest" if request.path.startswith(REST_PREFIX) else "browser"
        with acting_from(Origin(way, request.META.get("REMOTE_ADDR", ""))):
            return self.get_response(request)
