"""Exact sums over clusters, kept by the size of the cluster, and the variance they carry.

A conversation's requests are not independent, so whatever is estimated varies by whole clusters.
The variance is CR2 with Satterthwaite's degrees of freedom (Bell and McCaffrey 2002; Pustejovsky
and Tipton 2018), which holds for few clusters and for very unequal ones. Its weights need the
number of all requests, which no chunk knows; sums by size can be weighted after the last merge.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

Exact = int | Fraction


@dataclass(frozen=True, slots=True)
class _BySize:
    """Sums by size of the cluster; the first is how many clusters there are."""

    by_size: Mapping[int, Sequence[Exact]]

    @property
    def requests(self) -> Exact:
        return sum(size * sums[0] for size, sums in self.by_size.items())

    @property
    def clusters(self) -> Exact:
        return sum(sums[0] for sums in self.by_size.values())

    def times(self, factor: Fraction) -> Self:
        """As if there were `factor` times as many of the same clusters."""
        return type(self)({n: [x * factor for x in sums] for n, sums in self.by_size.items()})


@dataclass(frozen=True, slots=True)
class ClusterSums(_BySize):
    """Of one quantity, by size n: clusters of that size, sum of their S, and of their S squared.

    S is the sum of the quantity over the requests of a cluster.
    """

    @classmethod
    def of(cls, clusters: Iterable[tuple[int, int]]) -> "ClusterSums":
        """From each cluster's (S, n)."""
        by_size: dict[int, list[Exact]] = {}
        for total, size in clusters:
            sums = by_size.setdefault(size, [0, 0, 0])
            for place, amount in enumerate((1, total, total * total)):
                sums[place] += amount
        return cls(by_size)

    @property
    def total(self) -> Exact:
        return sum(sums[1] for sums in self.by_size.values())

    @property
    def mean(self) -> float:
        """Per request."""
        return float(self.total / self.requests)

    def variance(self) -> float:
        """CR2 of the mean: the sum of e² / (1 - n/N) over clusters, over N², e = S - n mean.

        Of independent requests this is the ordinary s²/N. 0 below two clusters.
        """
        if self.clusters < 2:
            return 0.0
        n, total = self.requests, self.total
        terms = []
        for size, (clusters, part, square) in self.by_size.items():
            # The sum of e² times N², in whole numbers; the quotient of two is rounded once.
            spread = n * n * square - 2 * n * total * size * part
            spread += total * total * size * size * clusters
            terms.append(float(spread / (n * n * n * (n - size))))
        return math.fsum(terms)

    def degrees(self) -> float:
        """Satterthwaite's degrees of freedom; G - 1 where all clusters are equally large."""
        n = self.requests
        sizes = {size: found[0] for size, found in self.by_size.items()}
        weights = {size: float(size * size * n / (n - size)) for size in sizes}
        single = math.fsum(float(sizes[size]) * weight for size, weight in weights.items())
        double = math.fsum(float(sizes[size]) * weight**2 for size, weight in weights.items())
        squares = float(_square_sizes(sizes))
        return float(n) ** 2 / (squares + (single * single - double) / float(n) ** 2)


@dataclass(frozen=True, slots=True)
class PairedSums(_BySize):
    """Of a baseline value b and a candidate value c per request, by size n of the cluster:

    clusters, and the sums over them of S_b, S_c, S_b², S_c² and S_b S_c; then the sums over
    requests of b², c² and (c - b)².
    """

    @property
    def total_b(self) -> Exact:
        return sum(sums[1] for sums in self.by_size.values())

    @property
    def total_c(self) -> Exact:
        return sum(sums[2] for sums in self.by_size.values())

    def combination(self, weight_c: Exact, weight_b: Exact) -> ClusterSums:
        """The sums of weight_c*c + weight_b*b, exactly."""
        return ClusterSums({
            size: (
                clusters,
                weight_c * c + weight_b * b,
                weight_c * weight_c * cc + weight_b * weight_b * bb + 2 * weight_c * weight_b * bc,
            )
            for size, (clusters, b, c, bb, cc, bc, *_) in self.by_size.items()
        })  # fmt: skip

    def squared_differences(self) -> dict[int, Exact]:
        """By size, the sum over requests of (c - b)²."""
        return {size: sums[8] for size, sums in self.by_size.items()}


def _square_sizes(clusters: Mapping[int, Exact]) -> Exact:
    return sum(size * size * count for size, count in clusters.items())


def design_effect(sums: ClusterSums, squares: Mapping[int, Exact], unit: int) -> float:
    """How many clustered requests weigh as one independent request: 1 + (m - 1) ρ.

    m = Σn²/N is the size of the cluster that a request is in on average; ρ says how much of a
    request's deviation the other requests of its cluster repeat (`squares`: by size, the sum of
    the squared values of requests). One more request is assumed whose whole cluster does as it
    does, by one `unit`: rare events may come in bursts of which the sample holds none.
    """
    n, total = sums.requests, sums.total
    beyond = _square_sizes({size: found[0] for size, found in sums.by_size.items()}) - n
    if beyond == 0:
        return 1.0
    # Both times N², in whole numbers.
    repeated = deviation = beyond * n * unit * unit
    for size, (clusters, part, square) in sums.by_size.items():
        centre = total * total * size * clusters - 2 * total * n * part
        inner = n * n * squares[size]
        repeated += n * n * square - inner + (size - 1) * centre
        deviation += (size - 1) * (inner + centre)
    return 1 + float(beyond / n) * max(0.0, min(1.0, float(repeated / deviation)))
