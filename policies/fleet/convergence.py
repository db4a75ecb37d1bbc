"""How a release spread over the routers that ran when it was published. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_POINTS = 60


@dataclass(frozen=True)
class Point:
    """So many seconds after publication this share of the waiting routers had the release."""

    seconds: float
    share: float


@dataclass(frozen=True)
class Convergence:
    """`arrived` of the `waiting` routers took the release up.

    `p50_s`, `p99_s`: seconds after which half and 99 in 100 of those waiting had it, None while
    fewer have; `last_s` those of the latest arrival. `curve` rises by at most MOST_POINTS steps.
    """

    waiting: int
    arrived: int
    p50_s: float | None
    p99_s: float | None
    last_s: float | None
    curve: tuple[Point, ...]


def convergence(delays_s: Sequence[float], still_waiting: int) -> Convergence:
    """`delays_s`: seconds from publication to each arrival, in any order; `still_waiting`: how
    many of those that ran then, and still do, have not taken it up."""
    delays = sorted(delays_s)
    waiting = len(delays) + still_waiting
    return Convergence(
        waiting,
        len(delays),
        _quantile(delays, waiting, 0.50),
        _quantile(delays, waiting, 0.99),
        delays[-1] if delays else None,
        _curve(delays, waiting),
    )


def arrival_at_share(
    arrivals: Sequence[datetime.datetime], of: int, share: float
) -> datetime.datetime | None:
    """When the share of `of` routers had it, by the order of their arrivals; None while fewer
    have."""
    needed = max(1, math.ceil(share * of - 1e-9))
    return sorted(arrivals)[needed - 1] if len(arrivals) >= needed else None


def _quantile(delays: Sequence[float], waiting: int, share: float) -> float | None:
    """The order statistic: the shortest delay within which at least the share had it."""
    rank = max(1, math.ceil(share * waiting - 1e-9))
    return delays[rank - 1] if len(delays) >= rank else None


def _curve(delays: Sequence[float], waiting: int) -> tuple[Point, ...]:
    if not delays:
        return ()
    steps = min(MOST_POINTS, len(delays))
    ranks = sorted({math.ceil(len(delays) * step / steps) for step in range(1, steps + 1)} | {1})
    return tuple(Point(delays[rank - 1], rank / waiting) for rank in ranks)
