"""A metric against the period before: how far it moved, and whether that is more than noise.

Before and after are different traffic, so this describes; only a shadow evaluation compares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from evaluations.metrics.measures import Context, samples_of, symmetric_interval, value_of
from evaluations.metrics.sums import Buckets
from evaluations.statistics.intervals import Interval, critical_t

FEWEST_BUCKETS = 5
FEWEST_REQUESTS = 30


@dataclass(frozen=True, slots=True)
class Trend:
    """The change from `previous`; `low` and `high` bound it, None where no interval exists."""

    previous: float
    change: float
    low: float | None = None
    high: float | None = None

    @property
    def direction(self) -> str:
        return "up" if self.change > 0 else "down" if self.change < 0 else "level"

    @property
    def is_clear(self) -> bool:
        """Whether the whole interval lies on one side of no change."""
        return self.low is not None and self.high is not None and self.low * self.high > 0

    def reading(self, better: str) -> str:
        """`better`, `worse` or `unclear`, given which way is better."""
        if not self.is_clear:
            return "unclear"
        return "better" if (self.change > 0) == (better == "higher") else "worse"


def trend_of(name: str, current: Buckets, previous: Buckets, context: Context) -> Trend | None:
    """None when either period has too little to compare."""
    now, before = current.total, previous.total
    if not (_suffices(name, current, context) and _suffices(name, previous, context)):
        return None
    after_value, before_value = value_of(name, now, context), value_of(name, before, context)
    if after_value is None or before_value is None:
        return None
    change = after_value - before_value
    interval = difference(name, current, previous, context)
    if interval is None:
        return Trend(before_value, change)
    return Trend(before_value, change, interval.low, interval.high)


def difference(
    name: str,
    current: Buckets,
    previous: Buckets,
    context: Context,
    confidence: float = 0.95,
) -> Interval | None:
    """Current less previous with the interval of two independent estimates.

    Student's t on the fewer clusters' degrees of freedom, which is on the wide side.
    """
    after = symmetric_interval(name, current, context, confidence)
    before = symmetric_interval(name, previous, context, confidence)
    if after is None or before is None:
        return None
    estimate = after.estimate - before.estimate
    error = math.hypot(after.standard_error, before.standard_error)
    clusters = min(_filled(name, current, context), _filled(name, previous, context))
    half = critical_t(confidence, clusters) * error if error else 0.0
    return Interval(estimate, error, estimate - half, estimate + half)


def _suffices(name: str, buckets: Buckets, context: Context) -> bool:
    if samples_of(name, buckets.total, context) < FEWEST_REQUESTS:
        return False
    return _filled(name, buckets, context) >= FEWEST_BUCKETS


def _filled(name: str, buckets: Buckets, context: Context) -> int:
    return sum(samples_of(name, part, context) > 0 for part in buckets.parts)
