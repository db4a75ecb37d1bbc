"""Bootstrap-t: wider where a few requests carry a mean, and the same wherever they were counted."""

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.statistics.bootstrap import Bootstrap
from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.intervals import Interval, clustered_mean

MICRO = 10**6


def escalating(seed: int, n: int, share: float = 0.02) -> Counter[tuple[int, int, int]]:
    """n requests of which the candidate answers a share by a model sixty times as dear."""
    source = random.Random(seed)
    found: Counter[tuple[int, int, int]] = Counter()
    for _ in range(n):
        cost = int(source.lognormvariate(0, 0.5) * MICRO)
        found[1, cost, cost * 60 if source.random() < share else cost] += 1
    return found


def student(clusters: Counter[tuple[int, int, int]]) -> Interval:
    sums = ClusterSums.of((c - b, n) for (n, b, c), times in clusters.items() for _ in range(times))
    return clustered_mean(sums, 0.95)


def bounds(clusters: Counter[tuple[int, int, int]]) -> Interval:
    return Bootstrap(clusters).widened(student(clusters), Fraction(1), 0.95)


def test_bootstrap__two_per_cent_at_sixty_times__reaches_further_up_than_t() -> None:
    plain, wide = student(escalating(1, 500)), bounds(escalating(1, 500))
    assert wide.high - wide.estimate > 1.2 * (plain.high - plain.estimate)
    assert wide.low <= plain.low


def test_bootstrap__two_per_cent_at_sixty_times__misses_the_mean_above_seldom() -> None:
    truth = 0.02 * 59 * 1.1331484530668263 * MICRO  # the mean of a lognormal is exp(0.125)
    samples = [escalating(seed, 300) for seed in range(2, 62)]
    assert sum(student(sample).high < truth for sample in samples) >= 4
    assert sum(bounds(sample).high < truth for sample in samples) <= 2


def test_bootstrap__symmetric_costs__leaves_the_interval_alone() -> None:
    source = random.Random(3)
    even = Counter((1, MICRO, MICRO + source.randrange(-500, 501)) for _ in range(1000))
    assert bounds(even) == student(even)


def test_bootstrap__nothing_differs__leaves_the_interval_alone() -> None:
    alike = Counter({(1, MICRO, MICRO): 500})
    assert bounds(alike) == student(alike)
    assert Bootstrap(alike).fewest(Fraction(1)) == 0


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 10**12), min_size=30, max_size=60), st.randoms(use_true_random=False)
)
def test_bootstrap__clusters_counted_in_any_order__is_the_same_to_the_last_bit(
    costs: list[int], order: random.Random
) -> None:
    clusters = [(1 + i % 3, 10**9, cost) for i, cost in enumerate(costs)]
    shuffled = list(clusters)
    order.shuffle(shuffled)
    assert bounds(Counter(clusters)) == bounds(Counter(shuffled))


@pytest.mark.parametrize(("n", "asked"), [(200, 300), (400, 0)])
def test_fewest__of_skewed_costs__asks_for_three_hundred(n: int, asked: int) -> None:
    assert Bootstrap(escalating(4, n)).fewest(Fraction(1)) == asked


@pytest.mark.parametrize(("n", "asked"), [(72, 100), (150, 0)])
def test_fewest__of_mildly_skewed_costs__asks_for_a_hundred(n: int, asked: int) -> None:
    source = random.Random(2)
    mild = Counter((1, 0, int(source.expovariate(1) * MICRO)) for _ in range(n))
    assert Bootstrap(mild).fewest(Fraction(1)) == asked


def test_ratio__two_per_cent_at_sixty_times__is_widened_as_the_difference_is() -> None:
    plain = Interval(1.2, 0.3, 0.6, 1.8)
    wide = Bootstrap(escalating(5, 500)).widened_change(plain, 0.95)
    assert wide.high > plain.high
    assert wide.estimate == plain.estimate
