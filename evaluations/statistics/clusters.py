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

Exact = int | Fraction


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Of one quantity, by size n: clusters of that size, sum of their S, and of their S squared.

    S is the sum of the quantity over the requests of a cluster.
    """

    by_size: Mapping[int, Sequence[Exact]]

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
    def requests(self) -> Exact:
        return sum(size * sums[0] for size, sums in self.by_size.items())

    @property
    def clusters(self) -> Exact:
        return sum(sums[0] for sums in self.by_size.values())

    @property
    def total(self) -> Exact:
        return sum(sums[1] for sums in self.by_size.values())

    @property
    def mean(self) -> Fraction:
        """Per request."""
        return Fraction(self.total) / self.requests

    def times(self, factor: Fraction) -> "ClusterSums":
        """As if there were `factor` times as many of the same clusters."""
        return ClusterSums({n: [x * factor for x in sums] for n, sums in self.by_size.items()})

    def variance(self) -> float:
        """CR2 of the mean: the sum of e² / (1 - n/N) over clusters, over N², e = S - n mean.

        Of independent requests this is the ordinary s²/N. 0 below two clusters.
        """
        if self.clusters < 2:
            return 0.0
        mean, all_of_them = self.mean, self.requests
        terms = []
        for size, (clusters, total, square) in sorted(self.by_size.items()):
            spread = square - 2 * mean * size * total + mean * mean * (size * size * clusters)
            terms.append(float(spread / (all_of_them * (all_of_them - size))))
        return max(0.0, math.fsum(terms))

    def degrees(self) -> float:
        """Satterthwaite's degrees of freedom; G - 1 where all clusters are equally large."""
        n = self.requests
        sizes = {size: sums[0] for size, sums in self.by_size.items()}
        weights = {size: Fraction(size * size * n) / (n - size) for size in sizes if size != n}
        single = sum(sizes[size] * weight for size, weight in weights.items())
        double = sum(sizes[size] * weight * weight for size, weight in weights.items())
        return float(n * n / (_square_sizes(sizes) + (single * single - double) / (n * n)))


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Of a baseline value b and a candidate value c per request, by size n of the cluster:

    clusters, and the sums over them of S_b, S_c, S_b², S_c² and S_b S_c; then the sums over
    requests of b², c² and (c - b)².
    """

    by_size: Mapping[int, Sequence[Exact]]

    @property
    def requests(self) -> Exact:
        return sum(size * sums[0] for size, sums in self.by_size.items())

    @property
    def clusters(self) -> Exact:
        return sum(sums[0] for sums in self.by_size.values())

    @property
    def total_b(self) -> Exact:
        return sum(sums[1] for sums in self.by_size.values())

    @property
    def total_c(self) -> Exact:
        return sum(sums[2] for sums in self.by_size.values())

    def times(self, factor: Fraction) -> "PairedSums":
        """As if there were `factor` times as many of the same clusters."""
        return PairedSums({n: [x * factor for x in sums] for n, sums in self.by_size.items()})

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
    n, mean = sums.requests, sums.mean
    m = Fraction(_square_sizes({size: found[0] for size, found in sums.by_size.items()})) / n
    if m == 1:
        return 1.0
    repeated = deviation = (m - 1) * unit * unit
    for size, (clusters, total, square) in sums.by_size.items():
        centre = mean * mean * size * clusters
        inner = squares[size]
        repeated += square - inner + (size - 1) * (centre - 2 * mean * total)
        deviation += (size - 1) * (inner - 2 * mean * total + centre)
    return float(1 + (m - 1) * max(Fraction(0), min(Fraction(1), repeated / deviation)))
