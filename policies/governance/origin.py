"""Where the present action came from, for the audit trail."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.utils import timezone

# Every address below it is of the REST interface.
REST_PREFIX = "/api/"
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
