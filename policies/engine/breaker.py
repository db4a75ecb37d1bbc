"""A target's circuit breaker, counted exactly: whole milliseconds in, no clock of its own.

*Closed*: attempts on the target are counted when they end, in buckets of a tenth of the window
(rounded up to whole milliseconds). After each one the breaker opens if the bucket of now and the
nine before it hold at least ``min_requests`` attempts, and ``failure_ratio`` of them failed.
*Open*: nobody may call the target for ``cooldown_s``; attempts that end meanwhile do not count.
*Half-open*: at most PROBES attempts may begin. The first that fails opens it again; after PROBES
answers it is closed and counts anew. Where nothing was heard for as long as the window since the
last one began, PROBES more may begin, so that a lost attempt keeps no target shut.

Everything is an integer, so that any language comes to the same: seconds are rounded to
milliseconds (halves up), the ratio to millionths. Time that runs backwards stands still.
"""

from __future__ import annotations

import math

from .fallback import Breaker

BUCKETS = 10
PROBES = 3
MILLIONTHS = 1_000_000
LONGEST_MS = 10**12
# The target is to blame, or cannot be used by anybody here.
COUNTED_AS_FAILED = (
    "rate_limit",
    "quota_exhausted",
    "timeout",
    "stream_interrupted",
    "server_error",
    "overloaded",
    "network",
    "auth",
    "not_found",
)
# The target answered; that the answer was of no use is not a reason to leave it alone.
COUNTED_AS_ANSWERED = (
    "bad_request",
    "content_policy",
    "context_window",
    "capability_unsupported",
    "invalid_output",
    "low_quality",
)
# The others (``budget_exceeded``, and what is not a failure kind) say nothing of the target.


class CircuitBreaker:
    """Whether one target may be called. ``at`` is in milliseconds from any start, 0 to 2^52."""

    def __init__(self, settings: Breaker) -> None:
        self._window_ms = max(1, whole_ms(settings.window_s))
        self._cooldown_ms = whole_ms(settings.cooldown_s)
        self._width_ms = -(-self._window_ms // BUCKETS)
        self._ratio = max(1, rounded(settings.failure_ratio, MILLIONTHS))
        self._min_requests = settings.min_requests
        self._now = 0
        self._state = "closed"
        self._buckets: dict[int, tuple[int, int]] = {}  # number → attempts, failures
        self._open_until = 0
        self._begun = self._answered = self._last_begun = 0  # while half-open

    def state(self, at: int) -> str:
        """ "closed", "open" or "half_open"."""
        self._now = max(self._now, at)
        if self._state == "open" and self._now >= self._open_until:
            self._state = "half_open"
            self._begun = self._answered = 0
        return self._state

    def allows(self, at: int) -> bool:
        """Whether an attempt may begin."""
        state = self.state(at)
        return state == "closed" or (state == "half_open" and self._has_probe())

    def begin(self, at: int) -> None:
        """An attempt on the target begins."""
        if self.state(at) == "half_open" and self._has_probe():
            self._begun = self._begun % PROBES + 1
            self._last_begun = self._now

    def end(self, at: int, failure_kind: str | None) -> None:
        """An attempt on the target has ended; ``failure_kind`` is None after success."""
        state = self.state(at)
        failed = failure_kind in COUNTED_AS_FAILED
        if not failed and failure_kind is not None and failure_kind not in COUNTED_AS_ANSWERED:
            return
        if state == "closed":
            self._count(failed)
        elif state == "half_open" and failed:
            self._open()
        elif state == "half_open":
            self._answered += 1
            if self._answered == PROBES:
                self._close()

    def _has_probe(self) -> bool:
        return self._begun < PROBES or self._now - self._last_begun >= self._window_ms

    def _count(self, failed: bool) -> None:
        bucket = self._now // self._width_ms
        self._buckets = {
            number: counts for number, counts in self._buckets.items() if number > bucket - BUCKETS
        }
        attempts, failures = self._buckets.get(bucket, (0, 0))
        self._buckets[bucket] = (attempts + 1, failures + failed)
        attempts = sum(counts[0] for counts in self._buckets.values())
        failures = sum(counts[1] for counts in self._buckets.values())
        if attempts >= self._min_requests and failures * MILLIONTHS >= self._ratio * attempts:
            self._open()

    def _open(self) -> None:
        self._state = "open"
        self._open_until = self._now + self._cooldown_ms

    def _close(self) -> None:
        self._state = "closed"
        self._buckets = {}


def rounded(value: float, parts: int) -> int:
    """``value`` in so many parts of one, halves up: floor(value · parts + ½) in doubles."""
    return math.floor(float(value) * parts + 0.5)


def whole_ms(seconds: float) -> int:
    """Milliseconds, at most LONGEST_MS (31 years)."""
    return min(rounded(seconds, 1000), LONGEST_MS)
