"""The difference of two percentiles of the same requests, with clusters.

Bounded by inverting McNemar's test of the requests that exceed only one of the two percentiles, as
Deng, Knoblich and Lu (arXiv 1803.06336) pair exceedances. Equal values are told apart by the
mid-distribution (Ma, Genton and Parzen 2011): a percentile is read off the line through (value,
middle of its ranks), which is the order statistic itself wherever that is a value of its own, and
a value exceeds itself by half.

That counts in ranks, and how far a rank is differs between the sides: A of the baseline, B of the
candidate. With v the variance of either rank and d that of their difference, the difference of the
percentiles varies by A²v + B²v - 2AB(v - d/2) = (A - B)²v + ABd. So the test is inverted for both
sides and the wider end taken, and by how far each percentile alone reaches the two may differ.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.intervals import Interval, two_sided_t
from evaluations.statistics.percentiles import bounding_ranks, order_rank
from evaluations.statistics.quantiles import normal_quantile

Scale = Callable[[float], float]
_Ends = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class PairedPercentiles:
    """Both sides' percentile and their difference, in the unit of the values; and that of logs.

    A difference is None where a bound of either percentile does not exist, or is not above zero
    and so has no logarithm.
    """

    baseline: float
    candidate: float
    difference: Interval | None
    log_ratio: Interval | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a rank lies on the line: `part` of `whole` from the value `below` to `above`."""

    below: int
    above: int
    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.below + (self.above - self.below) * self.part / self.whole

    def score(self, value: int) -> int:
        """How far a request exceeds the place, from 0 to 2 `whole`; at a value itself, half."""
        beyond = (value > self.below) + (value >= self.below)
        further = (value > self.above) + (value >= self.above)
        return (self.whole - self.part) * beyond + self.part * further


def _place(ordered: Sequence[int], rank: int) -> _Place:
    """Of a 1-based rank; beyond the middle of the outermost value it is that value."""
    value = ordered[rank - 1]
    middle = _doubled_middle(ordered, value)
    if 2 * rank >= middle:
        index = bisect_right(ordered, value)
        other = ordered[index] if index < len(ordered) and 2 * rank > middle else value
    else:
        index = bisect_left(ordered, value) - 1
        other = ordered[index] if index >= 0 else value
    if other == value:
        return _Place(value, value, 0, 1)
    (low, first), (high, last) = sorted([(value, middle), (other, _doubled_middle(ordered, other))])
    return _Place(low, high, 2 * rank - first, last - first)


def _doubled_middle(ordered: Sequence[int], value: int) -> int:
    """Twice the middle of the ranks that hold the value."""
    return bisect_left(ordered, value) + 1 + bisect_right(ordered, value)


class _Side:
    """One side's values, and where its percentile lies among them."""

    def __init__(self, values: Sequence[int], p: Fraction) -> None:
        self.values, self.ordered = values, sorted(values)
        self.rank = order_rank(len(values), p)
        self.place = _place(self.ordered, self.rank)

    def at(self, rank: int) -> float | None:
        """The value at a rank; None outside the sample."""
        inside = 1 <= rank <= len(self.ordered)
        return _place(self.ordered, rank).value if inside else None


def paired_percentiles(
    baseline: Sequence[int],
    candidate: Sequence[int],
    clusters: Sequence[Hashable],
    p: Fraction,
    confidence: float,
) -> PairedPercentiles:
    """Both p-quantiles, and candidate's less baseline's."""
    base, other = _Side(baseline, p), _Side(candidate, p)
    sizes = Counter(Counter(clusters).values())
    found: _Found
    if list(baseline) == list(candidate):
        here = base.place.value, base.place.value
        found = _Found(here, _as_much_as_may_hide(base, sizes, confidence), here, here)
    else:
        critical = _critical(sizes, confidence)
        found = _Found(
            _ends(other, base, clusters, critical),
            _ends(base, other, clusters, critical),
            *(_alone(side, clusters, p, confidence) for side in (base, other)),
        )
    values = base.place.value, other.place.value
    plain = base.ordered[base.rank - 1], other.ordered[other.rank - 1]
    z = normal_quantile((1 + confidence) / 2)
    differences = (_difference(values, plain, found, scale, z) for scale in (float, _log))
    return PairedPercentiles(*values, *differences)


@dataclass(frozen=True, slots=True)
class _Found:
    """Ends of the baseline's percentile and of the candidate's, each given the other one's, and of
    either by itself.
    """

    base: _Ends
    other: _Ends
    base_alone: _Ends
    other_alone: _Ends


def _ends(given: _Side, of: _Side, clusters: Sequence[Hashable], critical: float) -> _Ends:
    """What one side's percentile may be, given the other's."""
    # A scan counts as it goes, so that each way needs its own.
    down, up = (_Scan(given, of, clusters) for _ in range(2))
    return down.end(-1, critical), up.end(1, critical)


def _alone(side: _Side, clusters: Sequence[Hashable], p: Fraction, confidence: float) -> _Ends:
    value = side.ordered[side.rank - 1]
    low, high = bounding_ranks(side.values, value, clusters, p, confidence)
    return (
        side.ordered[low - 1] if low >= 1 else None,
        side.ordered[high - 1] if high <= len(side.ordered) else None,
    )


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _difference(
    values: tuple[float, float],
    plain: tuple[int, int],
    found: _Found,
    scale: Scale,
    z: float,
) -> Interval | None:
    """`plain`: both order statistics. Where many requests have one value, as at a time limit, they
    may lie further apart than the `values` on the line; the interval holds of either.
    """
    base, other = (scale(value) for value in values)
    reached = [
        _reach(ends, scale, at)
        for ends, at in (
            (found.base, base),
            (found.other, other),
            (found.base_alone, base),
            (found.other_alone, other),
        )
    ]
    steps = [scale(step) for step in plain]
    if math.isinf(base) or math.isinf(min(steps)) or None in reached:
        return None
    apart = steps[1] - steps[0] - (other - base)
    (b_down, b_up), (c_down, c_up), (b_left, b_right), (c_left, c_right) = filter(None, reached)
    estimate = other - base
    # Both percentiles move together, down or up, and one of them further.
    lower = max(0.0, c_left - b_left, b_right - c_right)
    upper = max(0.0, c_right - b_right, b_left - c_left)
    low = estimate + min(0.0, apart) - math.hypot(max(c_down, b_up), lower)
    high = estimate + max(0.0, apart) + math.hypot(max(c_up, b_down), upper)
    return Interval(estimate, (high - low) / (2 * z), low, high)


def _reach(ends: _Ends, scale: Scale, at: float) -> tuple[float, float] | None:
    """How far down and up the ends lie from the estimate; None where one does not exist."""
    low, high = ends
    if low is None or high is None or math.isinf(scale(low)):
        return None
    return max(0.0, at - scale(low)), max(0.0, scale(high) - at)


def _critical(sizes: Counter[int], confidence: float) -> float:
    """The normal quantile for independent requests, else Student's t over clusters."""
    if set(sizes) == {1}:
        return normal_quantile((1 + confidence) / 2)
    sums = ClusterSums({size: (count, 0, 0) for size, count in sizes.items()})
    return two_sided_t(confidence, sums.degrees()) if sums.clusters > 1 else math.inf


def _as_much_as_may_hide(side: _Side, sizes: Counter[int], confidence: float) -> _Ends:
    """The ends where no request differs: each that would moves the percentile by one rank.

    A sample holds none of what comes -ln(tail) times in as many requests with that chance; in
    clusters, that many clusters of the size that a request is in on average.
    """
    squares = sum(size * size * count for size, count in sizes.items())
    share = Fraction(squares, len(side.ordered))
    hidden = math.ceil(-math.log((1 - confidence) / 2) * share)
    return side.at(side.rank - hidden), side.at(side.rank + hidden)


class _Scan:
    """Looks along the candidate's values for those that its percentile may still be.

    A value may be it where as many requests exceed it as exceed the baseline's percentile, up to
    McNemar's test of the pairs of which only one does: Z = D/√V, D the sum of differences of
    exceedance, V the sum over clusters of their squares. So V is what it is at that value, and not
    at the estimate, where too few slow requests make the error small as well.
    """

    def __init__(self, base: _Side, other: _Side, clusters: Sequence[Hashable]) -> None:
        self._whole = base.place.whole
        self._start = other.ordered[other.rank - 1]
        self._holders: dict[int, list[Hashable]] = {}
        self._by_cluster: dict[Hashable, int] = {}
        for before, after, cluster in zip(base.values, other.values, clusters, strict=True):
            beyond = (after > self._start) + (after >= self._start)
            apart = beyond * self._whole - base.place.score(before)
            self._by_cluster[cluster] = self._by_cluster.get(cluster, 0) + apart
            self._holders.setdefault(after, []).append(cluster)
        self._distinct = sorted(self._holders)
        self._total = sum(self._by_cluster.values())
        self._square = sum(x * x for x in self._by_cluster.values())
        sizes = Counter(clusters).values()
        self._burst = sum(n * n for n in sizes) / sum(sizes)

    def end(self, step: int, critical: float) -> int | None:
        """The first value up (step 1) or down (-1) that it cannot be; None beyond the last one."""
        if math.isinf(critical):
            return None
        index = bisect_left(self._distinct, self._start)
        while -step * self._total <= critical * math.sqrt(self._largest_square()):
            index += step
            if not 0 <= index < len(self._distinct):
                return None
            for value in (self._distinct[index - step], self._distinct[index]):
                self._shift(self._holders[value], -step * self._whole)
        return self._distinct[index]

    def _largest_square(self) -> float:
        """The squares of the clusters, and what they would be more if those that differ to the one
        side came in whole ones: a sample that holds few of them does not show that they do.
        """
        apart = abs(self._total) * 2 * self._whole
        return max(self._square, apart) + apart * (self._burst - 1)

    def _shift(self, holders: Sequence[Hashable], by: int) -> None:
        for cluster in holders:
            before = self._by_cluster[cluster]
            self._by_cluster[cluster] = before + by
            self._square += by * (2 * before + by)
            self._total += by
