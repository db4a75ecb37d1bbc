"""Bootstrap-t for means of skewed values, the same from any cut into chunks.

A few requests that cost sixty times as much make the mean's Student's t far too sure of itself on
the side that matters. Here t is taken from the sample: each replicate gives every cluster a weight
of about Poisson(1) (Chamandy et al., "Estimating Uncertainty for Massive Data Streams", 2012), read
from a hash of the seed, of the cluster's sums and of its number among equal ones. So the weights of
a cluster do not depend on where it was counted, and the same clusters give the same interval.

A sample that lacks dear requests by chance resamples none. So each end is moved as far as z²/2 more
clusters would move it that lie as far out as the furthest one seen: as many as are added at either
end of values that have a largest one (`evaluations.statistics.bounded`).
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from evaluations.statistics.intervals import Interval
from evaluations.statistics.quantiles import normal_quantile

REPLICATES = 255
# Of all clusters together: some seconds. A bound that would take more does not exist.
_MOST_DRAWN = 2**25
# Where t's error of 2.5 % a side is off by more than 0.4 points: skewness over the root of the
# number of clusters, by the first term of Edgeworth's expansion.
SKEWED_FROM = 0.05
_SEED = b"bootstrap-t 1"
# How many of the 256 values of a byte mean a weight of 0, 1, 2 …: Poisson(1), rounded.
_POISSON = (94, 94, 47, 16, 4, 1)
_ENDS = list(accumulate(_POISSON))
_WEIGHTS = bytes(bisect_right(_ENDS, value) for value in range(256))
_LARGEST = len(_POISSON) - 1
_NEGLIGIBLE, _ROUNDING = 1e-18, 1e-9

Clusters = Mapping[tuple[int, int, int], int]  # (requests n, S_b, S_c) → how many


@dataclass(frozen=True, slots=True)
class _Sums:
    """One replicate's weighted sums over clusters, or those of the sample itself."""

    n: float
    b: float
    c: float
    bb: float
    cc: float
    bc: float
    bn: float
    cn: float
    nn: float

    def mean(self, weight: float) -> float:
        return (self.c - weight * self.b) / self.n if self.n else 0.0

    def error(self, weight: float) -> float:
        """Of the mean of c - weight*b, by the plain sum of squared residuals of clusters."""
        mean = self.mean(weight)
        square = self.cc - 2 * weight * self.bc + weight * weight * self.bb
        by_size = self.cn - weight * self.bn
        spread = square - 2 * mean * by_size + mean * mean * self.nn
        return math.sqrt(max(spread, 0.0)) / self.n if self.n else 0.0

    def ratio(self) -> float:
        return self.c / self.b if self.b else math.inf

    def ratio_error(self) -> float:
        """Of c/b, by the residuals c - ratio*b of clusters."""
        ratio = self.ratio()
        spread = self.cc - 2 * ratio * self.bc + ratio * ratio * self.bb
        return math.sqrt(max(spread, 0.0)) / self.b if self.b else 0.0


class Bootstrap:
    """The clusters of one class, resampled when first asked for."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = dict(sorted(clusters.items()))
        self.size = sum(clusters.values())
        self._drawn: dict[int, list[_Sums]] = {}

    def skewness(self, weight: float) -> float:
        """Of the clusters' residuals of c - weight*b, over the root of their number.

        0 where nothing varies.
        """
        mean = self._sample.mean(weight)
        square = cube = 0.0
        terms = [(c - weight * b - n * mean, k) for (n, b, c), k in self._clusters.items()]
        square = math.fsum(k * x * x for x, k in terms)
        cube = math.fsum(k * x * x * x for x, k in terms)
        if square <= _NEGLIGIBLE * (self._sample.cc + weight * weight * self._sample.bb):
            return 0.0
        return float(cube / square**1.5)

    def is_skewed(self, weight: Fraction) -> bool:
        """Whether Student's t would be too sure of the mean of c - weight*b."""
        return abs(self.skewness(float(weight))) > SKEWED_FROM

    def widened(self, plain: Interval, weight: Fraction, confidence: float) -> Interval:
        """An interval of the mean of c - weight*b, no narrower than bootstrap-t's where skewed,
        and with clusters as far out as any at either end.
        """
        at, sample = float(weight), self._sample
        if self.is_skewed(weight):
            plain = self._wider(plain, lambda sums: (sums.mean(at), sums.error(at)), confidence)
        mean = sample.mean(at)
        apart = [(c - at * b - n * mean) / sample.n for n, b, c in self._clusters]
        return _reaching(plain, apart, confidence)

    def widened_change(self, fieller: Interval, confidence: float) -> Interval:
        """The same for an interval of c/b - 1."""
        sample, found = self._sample, fieller
        if self.is_skewed(1 + Fraction(fieller.estimate)):
            found = self._wider(
                fieller, lambda sums: (sums.ratio() - 1, sums.ratio_error()), confidence
            )
        apart = [(c - sample.ratio() * b) / sample.b for _, b, c in self._clusters]
        return _reaching(found, apart, confidence)

    def _wider(
        self, plain: Interval, what: Callable[[_Sums], tuple[float, float]], confidence: float
    ) -> Interval:
        """`what`: an estimate with its error. Of the sample, then of enough replicates."""
        tail = (1 - confidence) / 2
        count = _enough_for(tail)
        estimate, error = what(self._sample)
        if count * self.size > max(_MOST_DRAWN, REPLICATES * self.size):
            return Interval(estimate, plain.standard_error, -math.inf, math.inf)
        replicates = [what(sums) for sums in self._replicates(count)]
        return _widened(plain, (estimate, error), replicates, tail)

    @cached_property
    def _sample(self) -> _Sums:
        totals = [
            sum(k * amount(n, b, c) for (n, b, c), k in self._clusters.items())
            for amount in _AMOUNTS
        ]
        return _Sums(*map(float, totals))

    def _replicates(self, count: int) -> list[_Sums]:
        """So many, of which the first are always the same."""
        if count not in self._drawn:
            self._drawn[count] = self._draw(count)
        return self._drawn[count]

    def _draw(self, count: int) -> list[_Sums]:
        """All replicates at once: their weights stand side by side in one large integer."""
        most = max(
            sum(k * amount(n, b, c) for (n, b, c), k in self._clusters.items())
            for amount in _AMOUNTS
        )
        width = (most * _LARGEST).bit_length() // 8 + 1
        totals = [0] * len(_AMOUNTS)
        for cluster, times in self._clusters.items():
            weights = sum(_weights(cluster, number, width, count) for number in range(times))
            for place, amount in enumerate(_AMOUNTS):
                totals[place] += weights * amount(*cluster)
        columns = (_unpacked(total, width, count) for total in totals)
        return [_Sums(*row) for row in zip(*columns, strict=True)]


_AMOUNTS: tuple[Callable[[int, int, int], int], ...] = (
    lambda n, b, c: n,
    lambda n, b, c: b,
    lambda n, b, c: c,
    lambda n, b, c: b * b,
    lambda n, b, c: c * c,
    lambda n, b, c: b * c,
    lambda n, b, c: b * n,
    lambda n, b, c: c * n,
    lambda n, b, c: n * n,
)


def _enough_for(tail: float) -> int:
    """The fewest replicates of which one lies beyond a bound that leaves so much to its side."""
    count = REPLICATES
    while (count + 1) * tail < 1 - _ROUNDING:
        count = 2 * count + 1
    return count


def _widened(
    plain: Interval,
    sample: tuple[float, float],
    replicates: Sequence[tuple[float, float]],
    tail: float,
) -> Interval:
    """Bootstrap-t: the sample's estimate less its error times the replicates' quantiles of t."""
    estimate, error = sample
    place = math.floor((len(replicates) + 1) * tail + _ROUNDING)
    values = sorted(_studentised(value - estimate, spread) for value, spread in replicates)
    low, high = estimate - values[-place] * error, estimate - values[place - 1] * error
    return plain.hull(Interval(estimate, error, low, high))


def _reaching(found: Interval, apart: Sequence[float], confidence: float) -> Interval:
    """The interval with z²/2 more clusters at either end of those seen. `apart`: by how much each
    one moves the estimate.
    """
    more = normal_quantile((1 + confidence) / 2) ** 2 / 2
    down, up = min([0.0, *apart]), max([0.0, *apart])
    return replace(found, low=found.low + more * down, high=found.high + more * up)


def _studentised(distance: float, error: float) -> float:
    if error:
        return distance / error
    return math.copysign(math.inf, distance) if distance else 0.0


def _weights(cluster: tuple[int, int, int], number: int, width: int, count: int) -> int:
    """One cluster's weight in each replicate, `width` bytes apart."""
    name = "{}:{}:{}:{}".format(*cluster, number).encode()
    drawn = hashlib.shake_128(_SEED + name).digest(count).translate(_WEIGHTS)
    spaced = bytearray(count * width)
    spaced[::width] = drawn
    return int.from_bytes(spaced, "little")


def _unpacked(total: int, width: int, count: int) -> list[float]:
    packed = total.to_bytes(count * width, "little")
    return [
        float(int.from_bytes(packed[start : start + width], "little"))
        for start in range(0, len(packed), width)
    ]
