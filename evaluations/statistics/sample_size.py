"""How many requests an inconclusive gate needs, by the interval that decides it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from evaluations.statistics.gates import FAIL, PASS, Limit
from evaluations.statistics.intervals import Interval
from evaluations.statistics.quantiles import normal_quantile

POWER = 0.8
_MOST = 10**9
_PRECISION = 2000


@dataclass(frozen=True, slots=True)
class Needed:
    """So many requests of the same kind resolve a gate `towards` its pass or its fail."""

    requests: int
    towards: str


def requests_to_resolve(
    interval_at: Callable[[int, str], Interval | None],
    limit: Limit,
    n: int,
    *,
    power: float = POWER,
) -> Needed | None:
    """The fewest requests from n with which the gate is resolved with this power.

    `interval_at`: the interval that decides towards pass or fail, had so many requests been seen
    and the shares of all that happened in them stayed as they are. It has to be on one side of the
    limit even where the estimate turns out as much nearer to it as it does in a share `power` of
    samples. None where the estimate lies on the limit, or so near that a thousand million requests
    would not do.
    """
    now = interval_at(n, PASS)
    if now is None or now.estimate == limit.value:
        return None
    z = normal_quantile(power)
    is_good = limit.verdict(_at(now.estimate)) == PASS
    towards = PASS if is_good else FAIL
    nearer = -z if (now.estimate > limit.value) else z

    def resolved(requests: int) -> bool:
        found = interval_at(requests, towards)
        if found is None:
            return False
        return limit.verdict(found.moved(nearer * found.standard_error)) == towards

    low, high = n, 2 * n
    while not resolved(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > max(1, high // _PRECISION):
        middle = (low + high) // 2
        if resolved(middle):
            high = middle
        else:
            low = middle
    return Needed(_in_round_figures(high), towards)


def _at(value: float) -> Interval:
    return Interval(value, 0.0, value, value)


def _in_round_figures(requests: int) -> int:
    """Up to three significant digits: more would claim what no sample can say."""
    step = int(10 ** max(0, math.floor(math.log10(requests)) - 2))
    return -(-requests // step) * step
