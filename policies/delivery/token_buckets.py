"""How much each token may ask for in a while: one bucket a token, in memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 20_000


class TokenBuckets:
    """Each key may take `burst` at once and `rate` a second in the long run.

    Thread-safe. Of more than `REMEMBERED` keys the one that was idle longest is forgotten, which
    gives it a full bucket.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._lock = threading.Lock()
        # Key → what is left, and when that was so (monotonic, s).
        self._left: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def take(self, key: int, amount: float = 1) -> int:
        """0 where `amount` was taken; else in how many seconds it is worth asking again."""
        now = self._clock()
        with self._lock:
            left, then = self._left.get(key, (self.burst, now))
            left = min(self.burst, left + (now - then) * self.rate)
            # What never fits into the bucket takes all of it, and waits for it to be full.
            needed = min(amount, self.burst)
            is_enough = left >= needed
            self._left[key] = (left - needed if is_enough else left, now)
            self._left.move_to_end(key)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return 0 if is_enough else max(1, math.ceil((needed - left) / self.rate))
