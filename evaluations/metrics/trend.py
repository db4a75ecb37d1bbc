"""A metric against the period before: how far it moved, and whether that is more than noise.

Before and after are different traffic, so this describes; only a shadow evaluation compares. Each
day is held against the same weekday of the period before, and days are taken to hang together
(`evaluations.statistics.days`). Hours and requests of one day share its fate and count as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluations.metrics import histogram
from evaluations.metrics.measures import (
    MICRO_PER_MILLI,
    PERCENTILES,
    RATIOS,
    Context,
    Ratio,
    samples_of,
    value_of,
)
from evaluations.metrics.sums import Buckets, Sums
from evaluations.statistics.days import (
    FEWEST_DAYS,
    Change,
    dependence,
    effective_days,
    paired_error,
    residuals,
)
from evaluations.statistics.intervals import Interval
from evaluations.statistics.multiplicity import holm
from evaluations.statistics.quantiles import student_t_quantile

FEWEST_REQUESTS = 30
# The chance that a board without any change says better or worse of any metric at all.
FAMILY_ERROR = 0.05
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Trend:
    """The change from `previous`; `low` and `high` bound it, None where no interval exists.

    The interval is this metric's own, of 95 %; `is_clear` is what the whole board allows to say.
    """

    previous: float
    change: float
    low: float | None = None
    high: float | None = None
    is_clear: bool = False

    @property
    def direction(self) -> str:
        return "up" if self.change > 0 else "down" if self.change < 0 else "level"

    @property
    def has_interval(self) -> bool:
        return self.low is not None

    @property
    def differs(self) -> bool:
        """Whether no change lies outside the interval; without one, whether anything changed."""
        if self.low is None or self.high is None:
            return self.change != 0
        return self.low * self.high > 0

    def reading(self, better: str) -> str:
        """`better`, `worse` or `unclear`, given which way is better."""
        if not self.is_clear:
            return "unclear"
        return "better" if (self.change > 0) == (better == "higher") else "worse"


def trends_of(
    names: tuple[str, ...], current: Buckets, previous: Buckets, context: Context
) -> dict[str, Trend]:
    """The trends of a board; a metric that either period has too little of is left out.

    Holm's procedure over all that have an interval keeps the chance of any false word on the
    board at `FAMILY_ERROR`.
    """
    plain = {name: _plain_trend(name, current, previous, context) for name in names}
    known = {name: trend for name, trend in plain.items() if trend is not None}
    changes = {name: change_of(name, current, previous, context) for name in known}
    judged = {name: change for name, change in changes.items() if change is not None}
    return {**known, **_told_apart(known, judged)}


def _told_apart(plain: Mapping[str, Trend], judged: Mapping[str, Change]) -> dict[str, Trend]:
    adjusted = holm([change.p for change in judged.values()])
    found = {}
    for (name, change), p in zip(judged.items(), adjusted, strict=True):
        previous, moved = plain[name].previous, plain[name].change
        half = change.half_width(CONFIDENCE)
        found[name] = Trend(previous, moved, moved - half, moved + half, p <= FAMILY_ERROR)
    return found


def _plain_trend(name: str, current: Buckets, previous: Buckets, context: Context) -> Trend | None:
    for period in (current, previous):
        if samples_of(name, period.total, context) < FEWEST_REQUESTS:
            return None
    now, before = (value_of(name, period.total, context) for period in (current, previous))
    return None if now is None or before is None else Trend(before, now - before)


def difference(
    name: str,
    current: Buckets,
    previous: Buckets,
    context: Context,
    confidence: float,
) -> Interval | None:
    """Current less previous with its interval by paired days; None where there is none."""
    found = change_of(name, current, previous, context)
    if found is None:
        return None
    half = found.half_width(confidence)
    return Interval(found.estimate, found.error, found.estimate - half, found.estimate + half)


def change_of(name: str, current: Buckets, previous: Buckets, context: Context) -> Change | None:
    """Current less previous with its error; None for a metric without one, or with too few days.

    Percentiles are read from bins, whose width adds to the error.
    """
    sizes = [
        [samples_of(name, day, context) for day in period.days] for period in (current, previous)
    ]
    days = sum(a > 0 and b > 0 for a, b in zip(*sizes, strict=True))
    if days < FEWEST_DAYS or min(map(effective_days, sizes)) < days / 2:
        return None
    if name in RATIOS:
        return _ratio_change(name, current, previous, context, days)
    if name in PERCENTILES:
        return _percentile_change(PERCENTILES[name], current, previous, days)
    return None


def _ratio_change(
    name: str, current: Buckets, previous: Buckets, context: Context, days: int
) -> Change | None:
    ratio = RATIOS[name]
    values = [value_of(name, period.total, context) for period in (current, previous)]
    if values[0] is None or values[1] is None:
        return None
    now, before = (
        residuals([(ratio.over(day, context), ratio.under(day, context)) for day in period.days])
        for period in (current, previous)
    )
    error = paired_error(now, before, days) / ratio.unit
    if ratio.is_share:
        error = max(error, _independent_error(ratio, (current.total, previous.total), context))
    return Change(values[0] - values[1], error, dependence(days).degrees)


def _independent_error(ratio: Ratio, periods: tuple[Sums, Sums], context: Context) -> float:
    """That of a difference of shares if each request stood by itself: the least there can be.

    Few events can fall on the days so evenly that the days alone show no spread. One event and one
    request without it are added, so that no event at all is not taken for certainty.
    """
    unders = [ratio.under(total, context) for total in periods]
    share = (sum(ratio.over(total, context) for total in periods) + 1) / (sum(unders) + 2)
    return math.sqrt(share * (1 - share) * sum(1 / under for under in unders))


def _percentile_change(
    p: Fraction, current: Buckets, previous: Buckets, days: int
) -> Change | None:
    now, before = (_percentile(p, period, days) for period in (current, previous))
    if now is None or before is None:
        return None
    error = paired_error(now.residuals, before.residuals, days)
    least = math.hypot(now.independent_error, before.independent_error)
    change = now.value - before.value
    return Change(change, max(error, least), dependence(days).degrees, now.slack + before.slack)


@dataclass(frozen=True, slots=True)
class _Percentile:
    """A period's percentile in milliseconds, what each day adds to its error, the error if each
    request stood by itself, and how far off the middle of its bin may be.
    """

    value: float
    residuals: list[float]
    independent_error: float
    slack: float


def _percentile(p: Fraction, period: Buckets, days: int) -> _Percentile | None:
    """None where a rank that bounds the percentile lies outside the sample.

    A day adds what it adds to the share at or below the percentile, times the slope there.
    """
    latencies = period.total.latency
    index = histogram.percentile_bin(latencies, p)
    if index is None:
        return None
    shares = residuals(
        [
            (histogram.count_up_to(day.latency, index), day.counts.latency_known)
            for day in period.days
        ]
    )
    n, found = period.total.counts.latency_known, dependence(days)
    independent = math.sqrt(p * (1 - p) / n)
    error = max(found.factor * math.hypot(*shares), independent)
    half = student_t_quantile(0.975, found.degrees) * error
    low = histogram.value_at_rank(latencies, math.ceil(n * (float(p) - half)))
    high = histogram.value_at_rank(latencies, math.ceil(n * (float(p) + half)))
    if low is None or high is None:
        return None
    slope = (high - low) / (2 * half) / MICRO_PER_MILLI
    return _Percentile(
        histogram.MIDDLES[index] / MICRO_PER_MILLI,
        [slope * share for share in shares],
        slope * independent,
        histogram.largest_error(index) / MICRO_PER_MILLI,
    )
