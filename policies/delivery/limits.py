"""How often one router token may ask, and when to come back. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """A token bucket: `per_second` requests in the long run, and `burst` of them at once."""

    per_second: float
    burst: int


class Bucket:
    """What one token has left of a limit, kept as the one moment when it is full again.

    That is the generic cell rate algorithm: one number, no timer, nothing to refill.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = float("-inf")

    def take(self, limit: RateLimit, now: float) -> bool:
        """Take one request out at `now` (monotonic, s); False when none is left."""
        full_at = max(self._full_at, now) + 1 / limit.per_second
        if full_at - now > limit.burst / limit.per_second:
            return False
        self._full_at = full_at
        return True


def jittered(seconds: int) -> int:
    """A wait of `seconds` to twice that, so that not all who were sent away return together."""
    return random.randint(seconds, 2 * seconds)  # noqa: S311 - no secret depends on it
