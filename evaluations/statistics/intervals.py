"""Intervals for means and shares and for their paired differences, from exact integer sums.

Sums are Python integers, so merging chunks in any order gives the same interval to the last bit.
Variances are those of whole clusters (`evaluations.statistics.clusters`), with Student's t; see
Miller, "Adding Error Bars to Evals" (2024), for the same case made for evaluations.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from evaluations.statistics.clusters import ClusterSums, PairedSums
from evaluations.statistics.quantiles import incomplete_beta, normal_quantile, student_t_quantile

INFINITY = math.inf
_HALVINGS = 60
_LARGEST_CHANGE = 2.0**40


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its standard error and its two-sided interval, all in one unit."""

    estimate: float
    standard_error: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Interval":
        """The same interval in a unit `factor` (positive) times as small."""
        return Interval(
            self.estimate * factor,
            self.standard_error * factor,
            self.low * factor,
            self.high * factor,
        )

    def moved(self, by: float) -> "Interval":
        """The interval of the quantity plus `by`."""
        return Interval(self.estimate + by, self.standard_error, self.low + by, self.high + by)

    def narrowed(self, by: float) -> "Interval":
        """The same estimate, `by` times as sure."""
        centre = self.estimate
        low, high = centre + (self.low - centre) / by, centre + (self.high - centre) / by
        return Interval(centre, self.standard_error / by, low, high)

    def hull(self, other: "Interval") -> "Interval":
        """This estimate with the wider of both bounds on each side."""
        return replace(self, low=min(self.low, other.low), high=max(self.high, other.high))


def square_root(value: Fraction) -> float:
    """Square root of an exact non-negative number, without overflow of huge numerators."""
    return math.sqrt(value) if value > 0 else 0.0


def two_sided_t(confidence: float, degrees: float) -> float:
    """The quantile that bounds a two-sided interval; infinite without degrees of freedom."""
    return student_t_quantile((1 + confidence) / 2, degrees) if degrees > 0 else INFINITY


def clustered_mean(sums: ClusterSums, confidence: float) -> Interval:
    """The mean per request with its clustered interval; without bounds below two clusters."""
    mean, error = sums.mean, math.sqrt(sums.variance())
    if sums.clusters < 2:
        return Interval(mean, 0.0, -INFINITY, INFINITY)
    half = two_sided_t(confidence, sums.degrees()) * error
    return Interval(mean, error, mean - half, mean + half)


def paired_difference(
    sums: PairedSums, confidence: float, baseline_weight: Fraction = Fraction(1)
) -> Interval:
    """The mean of c - weight*b with its clustered interval; weight 1 + m is a relative margin."""
    over, under = baseline_weight.numerator, baseline_weight.denominator
    return clustered_mean(sums.combination(under, -over), confidence).scaled(1 / under)


def relative_change(sums: PairedSums, confidence: float) -> Interval | None:
    """c̄/b̄ - 1 with Fieller's interval, or None where the baseline mean may be zero.

    The bound R of Fieller's interval is where the interval of c - R*b just touches zero, so a
    verdict read from this interval and one read from the linear combination are the same verdict.
    """
    if sums.total_b == 0 or sums.clusters < 2:
        return None
    base, other = sums.combination(0, 1), sums.combination(1, 0)
    critical = two_sided_t(confidence, base.degrees())
    b, c = base.mean, other.mean
    var_b, var_c = base.variance(), other.variance()
    covariance = (sums.combination(1, 1).variance() - var_b - var_c) / 2
    quadratic = b * b - critical**2 * var_b
    if quadratic <= 0:
        return None
    middle = b * c - critical**2 * covariance
    root = math.sqrt(max(middle**2 - quadratic * (c * c - critical**2 * var_c), 0.0))
    ratio = c / b
    error = math.sqrt(max(var_c - 2 * ratio * covariance + ratio**2 * var_b, 0.0)) / abs(b)
    return Interval(
        ratio - 1, error, (middle - root) / quadratic - 1, (middle + root) / quadratic - 1
    )


def falling_root(falling: Callable[[float], float]) -> float | None:
    """Where a falling function of a change, which is at least -1, crosses zero; None if nowhere.

    With a bound of c - (1 + change)*b as the function, it is that bound of c/b - 1.
    """
    low, high = -1.0, 1.0
    while falling(high) > 0:
        low, high = high, 2 * high
        if high > _LARGEST_CHANGE:
            return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return low


def wilson(share: float, n: float, confidence: float) -> Interval:
    """Wilson's interval of one share; n may be an effective (design-adjusted) count."""
    z = normal_quantile((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    error = math.sqrt(share * (1 - share) / n)
    return Interval(share, error, max(0.0, centre - half), min(1.0, centre + half))


@lru_cache(maxsize=1024)
def exact_share(share: float, n: float, confidence: float) -> Interval:
    """The exact interval of Clopper and Pearson (1934); n may be an effective count."""
    tail, hits = (1 - confidence) / 2, share * n
    low = high = 0.0 if hits <= 0 else 1.0
    if hits > 0:
        low = _rising_root(lambda at: incomplete_beta(hits, n - hits + 1, at) - tail)
    if hits < n:
        high = _rising_root(lambda at: incomplete_beta(hits + 1, n - hits, at) - (1 - tail))
    return Interval(share, math.sqrt(share * (1 - share) / n), low, high)


def _rising_root(rising: Callable[[float], float]) -> float:
    """Where a rising function crosses zero between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clustered_share(sums: ClusterSums, unit: int, confidence: float) -> Interval:
    """A share (values 0 or `unit`) by Wilson's interval at the clustered effective sample size."""
    share = sums.mean / unit
    error = clustered_mean(sums, confidence).standard_error / unit
    spread = share * (1 - share)
    effective = spread / error**2 if spread > 0 and error > 0 else float(sums.clusters)
    return wilson(share, effective, confidence)
