"""How often one router token may ask, and when to come back. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass


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

    def take(self, now: float, refill_s: float, depth_s: float) -> bool:
        """Take one request out at `now` (monotonic, s); False when none is left."""
        full_at = self._full_at
        full_at = (full_at if full_at > now else now) + refill_s
        if full_at - now > depth_s:
            return False
        self._full_at = full_at
        return True


def jittered(seconds: int) -> int:
    """A wait of `seconds` to twice that, so that not all who were sent away return together."""
    return random.randint(seconds, 2 * seconds)  # noqa: S311 - no secret depends on it
