"""The retry budget as a bucket of tokens, counted exactly: whole milliseconds in, no clock.

Each request puts ``ratio`` of a token in, each second ``min_per_second`` tokens; a retry on the
same target takes one. The bucket holds at most SAVED tokens and a second's worth of
``min_per_second``, and is full at first. So within any time there are never more retries than that,
the share of its requests and ``min_per_second`` for each of its seconds, together.

Everything is an integer, so that any language comes to the same: a token has 10^9 parts, ``ratio``
is rounded to such parts and ``min_per_second`` to parts a millisecond (halves up). Time that runs
backwards stands still.
"""

from __future__ import annotations

from .breaker import rounded
from .fallback import RetryBudget

TOKEN = 10**9
SAVED = 10
MOST_PER_SECOND = 1_000_000


class RetryBucket:
    """Whether a retry may be made. ``at`` is in milliseconds from any start, 0 to 2^52."""

    def __init__(self, settings: RetryBudget) -> None:
        self._per_request = rounded(settings.ratio, TOKEN)
        self._per_ms = rounded(min(settings.min_per_second, MOST_PER_SECOND), TOKEN // 1000)
        self._most = SAVED * TOKEN + 1000 * self._per_ms
        self._held = self._most
        self._now = 0

    def allows(self, at: int) -> bool:
        """Whether there is a token for a retry."""
        self._fill(at)
        return self._held >= TOKEN

    def request(self, at: int) -> None:
        """A request has come in."""
        self._fill(at)
        self._held = min(self._held + self._per_request, self._most)

    def retry(self, at: int) -> None:
        """A retry on the same target begins; one that was not allowed leaves the bucket empty."""
        self._fill(at)
        self._held = max(self._held - TOKEN, 0)

    def _fill(self, at: int) -> None:
        passed = max(at - self._now, 0)
        self._now += passed
        self._held = min(self._held + passed * self._per_ms, self._most)
