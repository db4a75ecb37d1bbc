"""One request on its way through the release: what to call next, and the outcome at its end.

A chain does no calls and no waiting: it says what to call and is told what came of it, so that the
synchronous and the asynchronous loop are the same few lines around it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ...engine import Attempt, NextAttempt, Request, Stop
from ..client import Decided
from ..errors import ClientError
from .record import Record


class NoModelCalled(ClientError):
    """The policy refuses the request, or every target is held back. Nothing was called."""


class Decides(Protocol):
    """What is needed of a `PolicyClient`."""

    def decide(self, request: Request | Mapping[str, object]) -> Decided: ...

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop: ...

    def report(self, event: Mapping[str, object]) -> object: ...


class Chain(Record):
    """Decides at once; then `next`, and `answered` or `must_fail`, until `next` gives a Stop."""

    def __init__(
        self,
        client: Decides,
        request: Request | Mapping[str, object],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client.decide(request), clock)
        self._client = client

    def next(self) -> NextAttempt | Stop:
        """What to do now, by the release that decided."""
        return self._client.next_attempt(self.decided, self.attempts)

    def must_fail(self, model: str, error: Exception, *, bytes_sent: bool = False) -> None:
        """Note a failure; what is no provider's is raised on, and the request is not reported."""
        if not self.failed(model, error, bytes_sent=bytes_sent):
            raise error

    def finished(self) -> None:
        """The last attempt has answered: reports the outcome."""
        self.next()  # so that whoever counts attempts hears of the last one, too
        self._client.report(self.event())

    def stopped(self, stop: Stop) -> Exception:
        """The chain ended without an answer: reports it, and gives what to raise.

        That is the provider's own last exception, so that who catches LiteLLM's classes goes on
        doing so; NoModelCalled where there was none.
        """
        self._client.report(self.event())
        return self.last_error or NoModelCalled(stop.sentence)
