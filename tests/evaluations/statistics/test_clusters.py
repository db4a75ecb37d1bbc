"""Sums over clusters by size: CR2 and Satterthwaite's degrees of freedom, the long way round."""

import random
from fractions import Fraction

import pytest
import scipy  # it reads a part of itself when that is first asked for
from hypothesis import given
from hypothesis import strategies as st

from evaluations.statistics.clusters import ClusterSums

Clusters = list[tuple[int, int]]  # each cluster's (S, n)
CLUSTERS = st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 30)), min_size=2, max_size=30)


def expected(clusters: Clusters) -> tuple[float, float]:
    """(variance, degrees of freedom) as Pustejovsky and Tipton (2018) write them."""
    requests = sum(n for _, n in clusters)
    mean = Fraction(sum(s for s, _ in clusters), requests)
    variance = sum(
        (s - n * mean) ** 2 / (1 - Fraction(n, requests)) for s, n in clusters
    ) / Fraction(requests**2)
    pairs = sum(
        Fraction(n * n * m * m, 1) / (requests**2 * (1 - Fraction(n, requests)))
        / (1 - Fraction(m, requests))
        for i, (_, n) in enumerate(clusters) for j, (_, m) in enumerate(clusters) if i != j
    )  # fmt: skip
    return float(variance), float(requests**2 / (sum(n * n for _, n in clusters) + pairs))


@given(CLUSTERS)
def test_sums__of_any_clusters__give_the_published_variance_and_degrees(clusters: Clusters) -> None:
    sums = ClusterSums.of(clusters)
    assert (sums.variance(), sums.degrees()) == pytest.approx(expected(clusters), abs=1e-12)


@given(CLUSTERS, st.randoms(use_true_random=False))
def test_sums__clusters_in_any_order__are_the_same_to_the_last_bit(
    clusters: Clusters, order: random.Random
) -> None:
    shuffled = list(clusters)
    order.shuffle(shuffled)
    one, other = ClusterSums.of(clusters), ClusterSums.of(shuffled)
    assert (one.variance(), one.degrees()) == (other.variance(), other.degrees())


def test_degrees__equal_clusters__are_one_less_than_their_number() -> None:
    assert ClusterSums.of([(i % 5, 7) for i in range(41)]).degrees() == pytest.approx(40, rel=1e-12)


def test_degrees__one_cluster_of_a_third__are_few() -> None:
    clusters = [(0, 300), *[(0, 70)] * 10]
    degrees = ClusterSums.of(clusters).degrees()
    assert degrees == pytest.approx(expected(clusters)[1])
    assert 6 < degrees < 7


def test_variance__independent_requests__is_that_of_the_mean() -> None:
    values = [random.Random(3).randrange(1000) for _ in range(50)]
    sums = ClusterSums.of((value, 1) for value in values)
    assert sums.variance() == pytest.approx(scipy.stats.sem(values) ** 2)
