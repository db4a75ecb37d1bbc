"""Percentiles by exact order statistics, with clusters.

Independent values: distribution-free binomial ranks. Clustered values: those of as many
independent ones as if every cluster lay beyond the percentile as a whole or not at all, or the
ranks at p ± t·SE of the clustered share beyond it where they are further apart. A sample in which
too few slow clusters happen to lie does not show that clusters are slow as a whole.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.intervals import two_sided_t
from evaluations.statistics.quantiles import incomplete_beta, normal_quantile

# Above this the binomial and normal ranks differ by at most one place in ten thousand.
_EXACT_RANKS_UP_TO = 20_000


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile: its order statistic and bounds, in the unit of the values.

    A bound is None where its rank lies outside the sample, so that it does not exist;
    `standard_error` is then None too.
    """

    value: int
    low: int | None
    high: int | None
    standard_error: float | None


def order_rank(n: int, p: Fraction) -> int:
    """1-based rank ceil(n p) of the order statistic that estimates the p-quantile."""
    return min(n, max(1, math.ceil(n * p)))


def binomial_ranks(n: int, p: Fraction, confidence: float) -> tuple[int, int]:
    """1-based ranks whose order statistics bound the p-quantile of independent values.

    A lower rank of 0 or an upper rank of n + 1 means the bound does not exist.
    """
    tail = (1 - confidence) / 2
    return _binomial_quantile(n, p, tail), _binomial_quantile(n, p, 1 - tail) + 1


def clustered_ranks(n: int, p: Fraction, error: float, confidence: float) -> tuple[int, int]:
    """1-based ranks at p ± z·error, `error` being the clustered SE of the share at or below."""
    return _ranks_within(n, p, normal_quantile((1 + confidence) / 2) * error)


def _ranks_within(n: int, p: Fraction, half: float) -> tuple[int, int]:
    low, high = float(p) - half, float(p) + half
    return max(0, math.floor(n * low)), min(n + 1, math.ceil(n * high) + 1)


def percentile(
    values: Sequence[int], clusters: Sequence[Hashable], p: Fraction, confidence: float
) -> Percentile:
    """The p-quantile of values with its interval; clusters[i] is the cluster of values[i]."""
    ordered = sorted(values)
    n = len(ordered)
    value = ordered[order_rank(n, p) - 1]
    low_rank, high_rank = bounding_ranks(values, value, clusters, p, confidence)
    low = ordered[low_rank - 1] if low_rank >= 1 else None
    high = ordered[high_rank - 1] if high_rank <= n else None
    if low is None or high is None:
        return Percentile(value, low, high, None)
    z = normal_quantile((1 + confidence) / 2)
    return Percentile(value, low, high, (high - low) / (2 * z))


def bounding_ranks(
    values: Sequence[int],
    quantile: float,
    clusters: Sequence[Hashable],
    p: Fraction,
    confidence: float,
) -> tuple[int, int]:
    """1-based ranks that bound the p-quantile, estimated at `quantile`; 0 or n + 1 where a bound
    does not exist.
    """
    over: dict[Hashable, tuple[int, int]] = {}
    for x, cluster in zip(values, clusters, strict=True):
        beyond, size = over.get(cluster, (0, 0))
        over[cluster] = beyond + (x > quantile), size + 1
    return _ranks(over, p, confidence)


def _ranks(
    over: Mapping[Hashable, tuple[int, int]], p: Fraction, confidence: float
) -> tuple[int, int]:
    """1-based ranks that bound the p-quantile, given each cluster's (requests beyond it, requests).

    0 or n + 1 where a bound does not exist.
    """
    n = sum(size for _, size in over.values())
    if len(over) == n:
        return _ranks_of(n, p, n, confidence)
    sums = ClusterSums.of(over.values())
    low, high = _ranks_of(n, p, n * n / sum(size * size for _, size in over.values()), confidence)
    # A sample this small may hold no cluster that exceeds; independence is then the least to claim.
    error = math.sqrt(sums.variance()) or math.sqrt(float(p * (1 - p)) / len(over))
    half = two_sided_t(confidence, sums.degrees() if len(over) > 1 else 0) * error
    if not math.isfinite(half):
        return 0, n + 1
    clustered = _ranks_within(n, p, half)
    return min(low, clustered[0]), max(high, clustered[1])


def _ranks_of(n: int, p: Fraction, effective: float, confidence: float) -> tuple[int, int]:
    """The ranks of n values that count as so many independent ones."""
    if effective > _EXACT_RANKS_UP_TO:
        return clustered_ranks(n, p, math.sqrt(float(p * (1 - p)) / effective), confidence)
    whole = math.floor(effective)
    low, high = binomial_ranks(whole, p, confidence)
    return n * low // whole, n + 1 if high > whole else -(-n * (high - 1) // whole) + 1


def _binomial_quantile(n: int, p: Fraction, probability: float) -> int:
    """Smallest k with P(X <= k) >= probability for X ~ Binomial(n, p)."""
    share = float(p)
    spread = math.sqrt(n * share * (1 - share))
    k = round(n * share + normal_quantile(probability) * spread)
    k = min(n, max(0, k))
    while k > 0 and _binomial_cdf(k - 1, n, share) >= probability:
        k -= 1
    while k < n and _binomial_cdf(k, n, share) < probability:
        k += 1
    return k


def _binomial_cdf(k: int, n: int, share: float) -> float:
    return 1.0 if k >= n else incomplete_beta(n - k, k + 1, 1 - share)
