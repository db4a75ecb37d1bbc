"""Means and differences of values from 0 to 1, where a sample may hold none of the rare ones.

Student's t has no width where nothing differs, and far too little where little does: with 300
pairs and a margin of one point it passed a loss as large as the margin in 20 % of samples. These
intervals keep their width.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from evaluations.statistics.clusters import ClusterSums, Exact, PairedSums, design_effect
from evaluations.statistics.intervals import (
    Interval,
    clustered_mean,
    exact_share,
    falling_root,
    paired_difference,
    relative_change,
)
from evaluations.statistics.quantiles import normal_quantile

_HALVINGS = 60
# Pairs where the candidate's value is higher, and lower, if every value is 0 or the unit.
Discordant = tuple[Exact, Exact] | None


def tango(
    wins: float, losses: float, n: float, confidence: float, *, careful: bool = False
) -> Interval:
    """The difference of two paired shares by the score interval of Tango (1998).

    `wins`: pairs where the candidate alone has the property, `losses`: where the baseline alone
    has it, among n pairs; effective counts need not be whole. Counts of rare pairs are whole and
    skewed, so that an end between zero and the estimate misses up to twice as often as it may;
    `careful` moves it towards zero as far as that takes.
    """
    z = _quantile(confidence, n) if careful else normal_quantile((1 + confidence) / 2)
    estimate = (wins - losses) / n
    error = math.sqrt(max(wins + losses - (wins - losses) ** 2 / n, 0.0)) / n
    high, low = _upper_end(wins, losses, n, z), -_upper_end(losses, wins, n, z)
    if careful and high < 0:
        high = min(0.0, _upper_end(wins, losses, n, z, _correction(z)))
    if careful and low > 0:
        low = max(0.0, -_upper_end(losses, wins, n, z, _correction(z)))
    return Interval(estimate, error, low, high)


def _correction(z: float) -> float:
    """By how many requests a count of rare ones is nearer to none than a score test takes it for.

    A half, as it is whole (Yates 1934), and (z² - 1)/6, as it is skewed (Hall 1982).
    """
    return 0.5 + (z * z - 1) / 6


def _upper_end(wins: float, losses: float, n: float, z: float, moved: float = 0.0) -> float:
    """The largest difference whose score statistic is not below -z, by bisection."""
    low, high = (wins - losses) / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _score(wins, losses, n, middle, moved) >= -z:
            low = middle
        else:
            high = middle
    return high


def _score(wins: float, losses: float, n: float, difference: float, moved: float) -> float:
    """Z(λ): its variance takes the share of losses most likely where the difference is λ."""
    b = -wins - losses + (2 * n - wins + losses) * difference
    c = -losses * difference * (1 - difference)
    share = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    distance = wins - losses + moved - n * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def with_pseudo_requests(total: float, squares: float, n: float, confidence: float) -> Interval:
    """The mean of differences in [-1, 1] with z² more requests, half of +1 and half of -1.

    z is the quantile of the interval. With two more requests this is the adjusted Wald interval of
    Bonett and Price (2012), which is too narrow where nothing differs. `total` and `squares`: sums
    of the differences and of their squares.
    """
    z = _quantile(confidence, n)
    more = n + z * z
    mean = total / more
    error = math.sqrt(max((squares + z * z) / more - mean * mean, 0.0) / more)
    return Interval(total / n, error, max(-1.0, mean - z * error), min(1.0, mean + z * error))


def _quantile(confidence: float, n: float) -> float:
    """The normal quantile, but so large that the bounds of something that no request of n does are
    no nearer than the share that none of n does with the chance that the interval leaves to a side.
    """
    tail = (1 - confidence) / 2
    return max(normal_quantile(1 - tail), math.sqrt(n * math.expm1(-math.log(tail) / n)))


def bounded_difference(
    sums: PairedSums, unit: int, discordant: Discordant, confidence: float
) -> Interval:
    """The mean of (c - b)/unit, where values lie between 0 and `unit`.

    With `discordant` pairs the bounds are Tango's, else those with pseudo-requests; both at the
    effective number of requests, and are never inside the clustered interval unless all requests
    are independent 0/1 pairs, for which Tango's are the sharper and the safer ones.
    """
    difference = sums.combination(1, -1)
    squares = sums.squared_differences()
    effect = design_effect(difference, squares, unit)
    n = float(sums.requests) / effect
    clustered = clustered_mean(difference, confidence).scaled(1 / unit)
    if discordant is None:
        total = float(difference.total / unit) / effect
        square = float(sum(squares.values()) / unit**2) / effect
        return clustered.hull(with_pseudo_requests(total, square, n, confidence))
    higher, lower = (float(count) / effect for count in discordant)
    return _safer(clustered, tango(higher, lower, n, confidence, careful=True), sums.by_size)


def bounded_mean(
    sums: ClusterSums, squares: Mapping[int, Exact], unit: int, confidence: float, *, share: bool
) -> Interval:
    """The mean of values between 0 and `unit`, divided by it; `share`: each is one of the two.

    Exact bounds for a share, else those with z²/2 values of 0 and as many of 1 added, which are
    two of each at 95 % (Agresti and Coull 1998); at the effective number of requests, and for
    clusters never inside the clustered interval. `squares`: by size of the cluster, the sum of the
    squared values of its requests.
    """
    effect = design_effect(sums, squares, unit)
    n = float(sums.requests) / effect
    clustered = clustered_mean(sums, confidence).scaled(1 / unit)
    if share:
        exact = exact_share(clustered.estimate, n, confidence)
        return _between_0_and_1(_safer(clustered, exact, sums.by_size))
    z = _quantile(confidence, n)
    more = n + z * z
    mean = (clustered.estimate * n + z * z / 2) / more
    square = float(sum(squares.values()) / unit**2) / effect
    half = z * math.sqrt(max((square + z * z / 2) / more - mean * mean, 0.0) / more)
    return _between_0_and_1(clustered.hull(replace(clustered, low=mean - half, high=mean + half)))


def _between_0_and_1(found: Interval) -> Interval:
    """No mean of such values lies beyond, as the clustered interval may."""
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def bounded_combination(
    sums: PairedSums,
    unit: int,
    discordant: Discordant,
    confidence: float,
    weight: Fraction,
) -> Interval:
    """The mean of (c - weight*b)/unit, whose sign decides a relative margin of weight - 1.

    It is (c - b) less (weight - 1) b, so the bounds of both are joined by the method of variance
    estimates recovery (Zou and Donner 2008); never inside the clustered interval.
    """
    clustered = paired_difference(sums, confidence, weight).scaled(1 / unit)
    difference = bounded_difference(sums, unit, discordant, confidence)
    base = _baseline(sums, unit, discordant, confidence)
    low, high = _recovered(difference, base, float(weight - 1))
    return clustered.hull(replace(clustered, low=low, high=high))


def bounded_relative(
    sums: PairedSums, unit: int, discordant: Discordant, confidence: float
) -> Interval | None:
    """c̄/b̄ - 1, bounded where the interval of `bounded_combination` just touches zero.

    None where the baseline mean may be zero.
    """
    fieller = relative_change(sums, confidence)
    base = _baseline(sums, unit, discordant, confidence)
    if fieller is None or base.low <= 0:
        return None
    difference = bounded_difference(sums, unit, discordant, confidence)
    low = falling_root(lambda margin: _recovered(difference, base, margin)[0])
    high = falling_root(lambda margin: _recovered(difference, base, margin)[1])
    if low is None or high is None:
        return None
    return fieller.hull(replace(fieller, low=low, high=high))


def _baseline(sums: PairedSums, unit: int, discordant: Discordant, confidence: float) -> Interval:
    squares = {size: found[6] for size, found in sums.by_size.items()}
    alone = sums.combination(0, 1)
    return bounded_mean(alone, squares, unit, confidence, share=discordant is not None)


def _recovered(difference: Interval, base: Interval, margin: float) -> tuple[float, float]:
    """Bounds of difference - margin*base, from those of both."""
    estimate = difference.estimate - margin * base.estimate
    nearer, further = sorted((margin * base.low, margin * base.high))
    centre = margin * base.estimate
    down = math.hypot(difference.estimate - difference.low, further - centre)
    up = math.hypot(difference.high - difference.estimate, centre - nearer)
    return estimate - down, estimate + up


def _safer(clustered: Interval, scored: Interval, sizes: Iterable[int]) -> Interval:
    if all(size == 1 for size in sizes):
        return replace(clustered, low=scored.low, high=scored.high)
    return clustered.hull(scored)
