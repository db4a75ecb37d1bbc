"""Clustered means and paired differences, held to textbook formulas and to scipy."""

import math
import random
from collections import defaultdict
from fractions import Fraction

import pytest
import scipy  # it reads a part of itself when that is first asked for
from hypothesis import given
from hypothesis import strategies as st

from evaluations.statistics.clusters import ClusterSums, PairedSums
from evaluations.statistics.intervals import (
    clustered_mean,
    clustered_share,
    paired_difference,
    relative_change,
    wilson,
)

Rows = list[tuple[int, int, int]]  # cluster, baseline, candidate


def paired_sums(rows: Rows) -> PairedSums:
    """The sums of literal rows, written the long way."""
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for cluster, b, c in rows:
        groups[cluster].append((b, c))
    by_size: dict[int, list[list[int]]] = defaultdict(list)
    for pairs in groups.values():
        b, c = sum(b for b, _ in pairs), sum(c for _, c in pairs)
        squares = [sum(x * x for x, _ in pairs), sum(y * y for _, y in pairs)]
        apart = sum((y - x) ** 2 for x, y in pairs)
        by_size[len(pairs)].append([1, b, c, b * b, c * c, b * c, *squares, apart])
    summed = {n: list(map(sum, zip(*found, strict=True))) for n, found in by_size.items()}
    return PairedSums(summed)


def one_sided(rows: Rows) -> ClusterSums:
    return paired_sums(rows).combination(1, 0)


def random_rows(seed: int, n: int, per_cluster: int) -> Rows:
    source = random.Random(seed)
    shift = [source.randrange(0, 400) for _ in range(n)]
    return [
        (i // per_cluster, source.randrange(0, 1000), source.randrange(0, 900) + shift[i // 7])
        for i in range(n)
    ]


def test_paired_difference__independent_requests__is_the_paired_t_interval() -> None:
    rows = random_rows(1, 200, 1)
    interval = paired_difference(paired_sums(rows), 0.95)
    expected = scipy.stats.ttest_rel([c for *_, c in rows], [b for _, b, _ in rows])
    low, high = expected.confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-10)


def test_paired_difference__clustered_requests__is_the_sandwich_with_small_sample_factor() -> None:
    rows = random_rows(2, 300, 5)
    interval = paired_difference(paired_sums(rows), 0.95)
    mean = sum(c - b for _, b, c in rows) / 300
    residuals: dict[int, float] = defaultdict(float)
    for cluster, b, c in rows:
        residuals[cluster] += c - b - mean
    error = math.sqrt(sum(r * r for r in residuals.values()) / 300**2 * 60 / 59)
    assert interval.standard_error == pytest.approx(error, rel=1e-12)
    assert interval.high - mean == pytest.approx(scipy.stats.t.ppf(0.975, 59) * error, rel=1e-10)


def test_paired_difference__same_policy_twice__is_exactly_zero() -> None:
    rows = [(i, b, b) for i, b, _ in random_rows(3, 50, 1)]
    interval = paired_difference(paired_sums(rows), 0.95)
    assert (interval.estimate, interval.low, interval.high) == (0.0, 0.0, 0.0)


def test_paired_difference__a_single_cluster__has_no_bounds() -> None:
    interval = paired_difference(paired_sums([(0, 1, 2), (0, 3, 5)]), 0.95)
    assert interval.low == -math.inf
    assert interval.high == math.inf


@given(st.integers(2, 40), st.integers(0, 10**6), st.sampled_from([0.8, 0.95, 0.99]))
def test_relative_change__any_margin__agrees_with_the_linear_combination(
    n: int, seed: int, confidence: float
) -> None:
    sums = paired_sums([(g, b + 1, c) for g, b, c in random_rows(seed, n * 3, 3)])
    relative = relative_change(sums, confidence)
    if relative is None:
        return
    at_bound = paired_difference(sums, confidence, 1 + Fraction(relative.high))
    assert at_bound.high == pytest.approx(0, abs=1e-6 * (abs(at_bound.low) + 1))


def test_relative_change__no_baseline_cost__is_not_defined() -> None:
    assert relative_change(paired_sums([(0, 0, 5), (1, 0, 5)]), 0.95) is None


def test_clustered_mean__independent_requests__is_the_ordinary_t_interval() -> None:
    rows = random_rows(4, 120, 1)
    interval = clustered_mean(one_sided(rows), 0.9)
    values = [c for *_, c in rows]
    low, high = scipy.stats.t.interval(0.9, 119, scipy.stats.tmean(values), scipy.stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-10)


def test_wilson__known_share__agrees_with_scipy() -> None:
    expected = scipy.stats.binomtest(3, 40).proportion_ci(0.95, method="wilson")
    interval = wilson(3 / 40, 40, 0.95)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_clustered_share__no_event_at_all__still_has_width() -> None:
    rows = [(i, 0, 0) for i in range(100)]
    interval = clustered_share(one_sided(rows), 1, 0.95)
    assert interval.estimate == 0
    assert 0.03 < interval.high < 0.04
