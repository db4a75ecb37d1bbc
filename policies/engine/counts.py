"""What a router counts while it runs, from which follows what ``next_attempt`` may do."""

from __future__ import annotations

from .breaker import CircuitBreaker
from .chain import Runtime
from .fallback import Limits
from .retry_bucket import RetryBucket


class Counts:
    """The breakers and the retry budget of one release's limits. Not for several threads at once.

    ``at`` is in whole milliseconds of a clock that only goes forward, 0 to 2^52.
    """

    def __init__(self, limits: Limits) -> None:
        self._breaker = limits.breaker
        self._budget = limits.retry_budget
        self._breakers: dict[str, CircuitBreaker] = {}
        self._bucket = None if self._budget is None else RetryBucket(self._budget)

    def under(self, limits: Limits) -> Counts:
        """The counts under the limits of the next release: what is limited as before goes on."""
        following = Counts(limits)
        if limits.breaker == self._breaker:
            following._breakers = self._breakers
        if limits.retry_budget == self._budget:
            following._bucket = self._bucket
        return following

    def request(self, at: int) -> None:
        """A request was decided."""
        if self._bucket is not None:
            self._bucket.request(at)

    def begin(self, at: int, target: str, *, retry: bool = False) -> None:
        """An attempt on a target begins; ``retry``: the attempt before was on the same one."""
        if target in self._breakers:
            self._breakers[target].begin(at)
        if retry and self._bucket is not None:
            self._bucket.retry(at)

    def end(self, at: int, target: str, failure_kind: str | None) -> None:
        """An attempt on a target has ended; ``failure_kind`` is None after success."""
        if self._breaker is None:
            return
        if target not in self._breakers:
            self._breakers[target] = CircuitBreaker(self._breaker)
        self._breakers[target].end(at, failure_kind)

    def runtime(self, at: int) -> Runtime:
        """What ``next_attempt`` has to know."""
        return Runtime(
            frozenset(name for name, target in self._breakers.items() if not target.allows(at)),
            self._bucket is None or self._bucket.allows(at),
        )
