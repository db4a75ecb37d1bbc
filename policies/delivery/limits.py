"""How often one router token may ask, and when to come back."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 20_000


@dataclass(frozen=True)
class RateLimit:
    """A token bucket: `per_second` requests in the long run, and `burst` of them at once."""

    per_second: float
    burst: int

    @property
    def refill_s(self) -> float:
        """Seconds in which one request comes back."""
        return 1 / self.per_second

    @property
    def depth_s(self) -> float:
        """Seconds in which an empty bucket is full again."""
        return self.burst / self.per_second


class Bucket:
    """What one token has left of a limit, kept as the one moment when it is full again.

    That is the generic cell rate algorithm: one number, no timer, nothing to refill. It is passed
    at every poll, so it takes the limit as the two numbers that it needs.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = float("-inf")

    def take(self, now: float, cost_s: float, depth_s: float) -> bool:
        """Take out at `now` (monotonic, s) what comes back in `cost_s`; False when that much is
        not left."""
        full_at = self._full_at
        # The two are subtracted first, so that a full bucket gives all of its depth exactly.
        empty_s = (full_at - now if full_at > now else 0.0) + cost_s
        if empty_s > depth_s:
            return False
        self._full_at = now + empty_s
        return True

    def owe(self, now: float, cost_s: float) -> None:
        """Take out what comes back in `cost_s`, left or not."""
        self._full_at = max(self._full_at, now) + cost_s

    def wait_s(self, now: float, cost_s: float, depth_s: float) -> float:
        """Seconds until so much is left; not above 0 when it is."""
        return max(self._full_at - now, 0.0) + cost_s - depth_s


class TokenBuckets:
    """A bucket a router token, by the token's id, all under one limit. Thread-safe.

    Of more than `REMEMBERED` tokens the one that was idle longest is forgotten, which gives it a
    full bucket.
    """

    def __init__(self, limit: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._refill_s, self._depth_s = limit.refill_s, limit.depth_s
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()

    def take(self, token_id: int) -> int:
        """0 where one request was taken; else in how many seconds it is worth asking again."""
        with self._lock:
            now, bucket = self._clock(), self._bucket(token_id)
            if bucket.take(now, self._refill_s, self._depth_s):
                return 0
            return max(1, math.ceil(bucket.wait_s(now, self._refill_s, self._depth_s)))

    def owe(self, token_id: int, amount: int) -> None:
        """Take `amount` more for a request that was taken before it could be told what it costs.

        What is not left has to come back before the next one is taken.
        """
        with self._lock:
            self._bucket(token_id).owe(self._clock(), amount * self._refill_s)

    def _bucket(self, token_id: int) -> Bucket:
        bucket = self._buckets.setdefault(token_id, Bucket())
        self._buckets.move_to_end(token_id)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket


def jittered(seconds: int) -> int:
    """A wait of `seconds` to twice that, so that not all who were sent away return together."""
    return random.randint(seconds, 2 * seconds)  # noqa: S311 - no secret depends on it
