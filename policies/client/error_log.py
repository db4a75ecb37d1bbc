"""What went wrong since the start, each kind of trouble once, for the status report."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

MOST_KEPT = 20
LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class LoggedError:
    """A trouble: the last time (seconds of the epoch), and how often so far."""

    kind: str
    message: str
    at: float
    count: int


class ErrorLog:
    """Remembers the latest kinds of trouble. Thread-safe."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._errors: OrderedDict[tuple[str, str], LoggedError] = OrderedDict()

    def note(self, kind: str, message: str, at: float) -> None:
        """`kind` is one lower-case word."""
        message = message[:LONGEST_MESSAGE]
        with self._lock:
            known = self._errors.pop((kind, message), LoggedError(kind, message, at, 0))
            self._errors[kind, message] = replace(known, at=at, count=known.count + 1)
            if len(self._errors) > MOST_KEPT:
                self._errors.popitem(last=False)

    def latest(self) -> tuple[LoggedError, ...]:
        with self._lock:
            return tuple(self._errors.values())
