"""Intervals for means, shares and their paired differences, from exact integer sums.

Sums are Python integers, so merging chunks in any order gives the same interval to the last bit.
Variances are those of a ratio estimator over whole clusters (a conversation's requests are not
independent), with Student's t on G-1 degrees of freedom; see Miller, "Adding Error Bars to Evals"
(2024), for the same case made for evaluations.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from evaluations.statistics.quantiles import normal_quantile, student_t_cdf, student_t_quantile

INFINITY = math.inf


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

    def flipped(self) -> "Interval":
        """The interval of the negated quantity."""
        return Interval(-self.estimate, self.standard_error, -self.high, -self.low)


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Exact sums over clusters g of one quantity: S_g its sum in g, n_g the requests in g."""

    requests: int
    clusters: int
    total: int
    square: int  # sum of S_g squared
    by_count: int  # sum of S_g n_g
    count_square: int  # sum of n_g squared


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Exact sums over clusters of a baseline value b and a candidate value c per request."""

    requests: int
    clusters: int
    total_b: int
    total_c: int
    square_b: int
    square_c: int
    cross: int  # sum of S_b S_c
    by_count_b: int
    by_count_c: int
    count_square: int

    def combination(self, weight_c: Fraction, weight_b: Fraction) -> tuple[Fraction, Fraction]:
        """Mean of weight_c*c + weight_b*b and the variance of that mean, exactly.

        Var = [sum S^2 - 2 m sum S n + m^2 sum n^2] / n^2 * G / (G-1); 0 when G < 2.
        """
        n = self.requests
        mean = (weight_c * self.total_c + weight_b * self.total_b) / n
        square = (
            weight_c * weight_c * self.square_c
            + weight_b * weight_b * self.square_b
            + 2 * weight_c * weight_b * self.cross
        )
        by_count = weight_c * self.by_count_c + weight_b * self.by_count_b
        return mean, _mean_variance(self, mean, square, by_count)


def _mean_variance(
    sums: ClusterSums | PairedSums, mean: Fraction, square: Fraction, by_count: Fraction
) -> Fraction:
    if sums.clusters < 2:
        return Fraction(0)
    spread = square - 2 * mean * by_count + mean * mean * sums.count_square
    return spread / (sums.requests * sums.requests) * Fraction(sums.clusters, sums.clusters - 1)


def square_root(value: Fraction) -> float:
    """Square root of an exact non-negative number, without overflow of huge numerators."""
    return math.sqrt(value) if value > 0 else 0.0


def critical_t(confidence: float, clusters: int) -> float:
    """The two-sided t quantile on G-1 degrees of freedom; infinite below two clusters."""
    if clusters < 2:
        return INFINITY
    return student_t_quantile((1 + confidence) / 2, clusters - 1)


def clustered_mean(sums: ClusterSums, confidence: float) -> Interval:
    """The mean per request with its clustered interval."""
    mean = Fraction(sums.total, sums.requests)
    variance = _mean_variance(sums, mean, Fraction(sums.square), Fraction(sums.by_count))
    return _around(mean, variance, critical_t(confidence, sums.clusters))


def paired_difference(
    sums: PairedSums, confidence: float, baseline_weight: Fraction = Fraction(1)
) -> Interval:
    """The mean of c - weight*b with its clustered interval; weight 1 + m is a relative margin."""
    mean, variance = sums.combination(Fraction(1), -baseline_weight)
    return _around(mean, variance, critical_t(confidence, sums.clusters))


def _around(mean: Fraction, variance: Fraction, critical: float) -> Interval:
    error = square_root(variance)
    half = critical * error if error else (0.0 if math.isfinite(critical) else INFINITY)
    centre = float(mean)
    return Interval(centre, error, centre - half, centre + half)


def relative_change(sums: PairedSums, confidence: float) -> Interval | None:
    """c̄/b̄ - 1 with Fieller's interval, or None where the baseline mean may be zero.

    The bound R of Fieller's interval is where the interval of c - R*b just touches zero, so a
    verdict read from this interval and one read from the linear combination are the same verdict.
    """
    if sums.total_b == 0 or sums.clusters < 2:
        return None
    critical = critical_t(confidence, sums.clusters)
    b, var_b = (float(x) for x in sums.combination(Fraction(0), Fraction(1)))
    c, var_c = (float(x) for x in sums.combination(Fraction(1), Fraction(0)))
    _, var_sum = sums.combination(Fraction(1), Fraction(1))
    covariance = (float(var_sum) - var_b - var_c) / 2
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


def two_sided_p(interval: Interval, clusters: int) -> float:
    """p of "no difference" by the same t statistic as the interval; 1 when nothing varies."""
    if interval.estimate == 0:
        return 1.0
    if interval.standard_error == 0 or clusters < 2:
        return 0.0 if clusters >= 2 else 1.0
    statistic = abs(interval.estimate) / interval.standard_error
    return 2 * student_t_cdf(-statistic, clusters - 1)


def bonett_price(baseline_only: int, candidate_only: int, n: int, confidence: float) -> Interval:
    """Paired difference of two shares: Bonett and Price (2012), adjusted Wald.

    `baseline_only` and `candidate_only` are the discordant counts among n pairs. Unlike the plain
    Wald interval it keeps its width when no pair is discordant.
    """
    share_b = (baseline_only + 1) / (n + 2)
    share_c = (candidate_only + 1) / (n + 2)
    difference = share_c - share_b
    error = math.sqrt((share_b + share_c - difference**2) / (n + 2))
    half = normal_quantile((1 + confidence) / 2) * error
    observed = (candidate_only - baseline_only) / n
    return Interval(observed, error, max(-1.0, difference - half), min(1.0, difference + half))


def wilson(share: float, n: float, confidence: float) -> Interval:
    """Wilson's interval of one share; n may be an effective (design-adjusted) count."""
    z = normal_quantile((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    error = math.sqrt(share * (1 - share) / n)
    return Interval(share, error, max(0.0, centre - half), min(1.0, centre + half))


def clustered_share(sums: ClusterSums, unit: int, confidence: float) -> Interval:
    """A share (values 0 or `unit`) by Wilson's interval at the clustered effective sample size."""
    share = sums.total / (sums.requests * unit)
    error = clustered_mean(sums, confidence).standard_error / unit
    spread = share * (1 - share)
    effective = spread / error**2 if spread > 0 and error > 0 else float(sums.clusters)
    return wilson(share, effective, confidence)
