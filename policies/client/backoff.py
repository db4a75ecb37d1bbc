"""How long to wait before asking again. Pure, but for the random number it is given."""

from __future__ import annotations

from collections.abc import Callable

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


def pause_s(
    interval_s: float, failures: int, retry_after_s: float, random: Callable[[], float]
) -> float:
    """Seconds until the next try; `random` gives numbers in [0, 1).

    After success the interval, ±10 %, so that routers started together drift apart. After n
    failures in a row 50–100 % of 2^(n-1) s, at most a minute or the interval, whichever is
    longer. Never sooner than the server's `Retry-After`, and spread after it.
    """
    if failures == 0:
        pause = interval_s * (0.9 + 0.2 * random())
    else:
        longest = max(LONGEST_PAUSE_S, interval_s)
        bound = min(longest, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30))
        pause = bound * (0.5 + 0.5 * random())
    return max(pause, spread_s(retry_after_s, random))


def spread_s(retry_after_s: float, random: Callable[[], float]) -> float:
    """What the server asked for and up to half of that more, at most a minute: a plane that fell
    behind tells all its routers the same at once, and they are not to come back in step."""
    return retry_after_s + min(retry_after_s / 2, LONGEST_PAUSE_S) * random()
