"""What happened to one request, as its outcome event tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ...engine import Attempt
from ..client import Decided
from ..outcomes import outcome_event
from .answers import Usage, cost_usd_of, usage_of
from .failures import STREAM, failure_kind, has_sent_bytes, retry_after_ms

# Refused before a token was made, so the attempt cost nothing. Of others it is not known: a
# provider may bill what timed out or broke off.
FREE = frozenset(
    {
        "auth",
        "bad_request",
        "budget_exceeded",
        "capability_unsupported",
        "context_window",
        "not_found",
        "overloaded",
        "quota_exhausted",
        "rate_limit",
    }
)


class Record:
    """Attempts in order with their costs in USD, None where not known. Begins when it is made."""

    def __init__(self, decided: Decided, clock: Callable[[], float] = time.monotonic) -> None:
        self.decided = decided
        self.attempts: list[Attempt] = []
        self.costs_usd: list[float | None] = []
        self.usage = Usage()
        self.last_error: Exception | None = None
        self._clock = clock
        self._began = self._began_call = clock()

    @property
    def request_id(self) -> str:
        """By which feedback can be given later."""
        return self.decided.request.request_id

    def begin_call(self) -> None:
        """The call goes out now: an attempt's latency counts from here, waits before it do not."""
        self._began_call = self._clock()

    def answered(
        self,
        model: str,
        response: Any,
        cost_usd: float | None = None,
        latency_ms: float | None = None,
    ) -> None:
        """The model answered; tokens, and a cost that is not given, are read from the response."""
        self.usage = usage_of(response)
        cost = cost_usd_of(response) if cost_usd is None else cost_usd
        latency = self._since_call_ms() if latency_ms is None else latency_ms
        self._note(Attempt(model, None, latency, cost or 0), cost)

    def failed(
        self,
        model: str,
        error: Exception,
        *,
        bytes_sent: bool = False,
        latency_ms: float | None = None,
    ) -> bool:
        """The call raised. False, and nothing is noted, where that is no provider's failure."""
        kind = failure_kind(error, bytes_sent=bytes_sent)
        if kind is None:
            return False
        self.last_error = error
        attempt = Attempt(
            model,
            kind,
            self._since_call_ms() if latency_ms is None else latency_ms,
            bytes_sent=bytes_sent or has_sent_bytes(error),
            retry_after_ms=retry_after_ms(error),
        )
        self._note(attempt, 0.0 if kind in FREE else None)
        return True

    def broke_off(self, model: str) -> None:
        """The model's stream broke before its first part, and nobody said why."""
        self._note(Attempt(model, STREAM, self._since_call_ms()), None)

    def event(self) -> dict[str, object]:
        """The outcome event of the request so far; see docs/outcomes.md."""
        return outcome_event(
            self.decided,
            self.attempts,
            usage=asdict(self.usage),
            latency_ms=(self._clock() - self._began) * 1000,
            costs_usd=self.costs_usd,
        )

    def _note(self, attempt: Attempt, cost_usd: float | None) -> None:
        self.attempts.append(attempt)
        self.costs_usd.append(cost_usd)

    def _since_call_ms(self) -> float:
        return (self._clock() - self._began_call) * 1000
