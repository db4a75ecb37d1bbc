"""When a failed delivery is tried again: soon at first, then ever later, for most of a day."""

from __future__ import annotations

import datetime
from collections.abc import Callable

FIRST_S, FACTOR, LONGEST_S = 5.0, 5.0, 12 * 3600.0
# Up to a quarter is added, so that what failed together is not tried again together; with the
# factor above each wait is longer than the one before all the same.
JITTER = 0.25
MOST_TRIES = 8


def wait_after(tries: int, random: Callable[[], float]) -> datetime.timedelta | None:
    """How long to wait after so many tries; None when no more are made.

    5 s, 25 s, 2 min, 10 min, 52 min, 4 h, 12 h, each with its jitter; `random` gives [0, 1).
    """
    if tries >= MOST_TRIES:
        return None
    plain = min(FIRST_S * FACTOR ** (tries - 1), LONGEST_S)
    return datetime.timedelta(seconds=plain * (1 + JITTER * random()))
