"""Percentiles by order statistics: values, paired differences and their coverage."""

import random
from fractions import Fraction

import pytest

from evaluations.statistics.percentiles import (
    order_rank,
    paired_percentile_difference,
    percentile,
)

P50, P95 = Fraction(1, 2), Fraction(95, 100)


def exponential(source: random.Random, n: int) -> list[int]:
    return [int(source.expovariate(1) * 1e6) for _ in range(n)]


def test_percentile__known_values__is_the_order_statistic() -> None:
    values = list(range(100, 0, -1))
    result = percentile(values, values, P95, 0.95)
    assert result.value == 95
    assert order_rank(100, P95) == 95


def test_percentile__too_few_values__has_no_upper_bound() -> None:
    result = percentile(list(range(50)), list(range(50)), P95, 0.95)
    assert result.high is None
    assert result.standard_error is None


def test_percentile__repeated_clusters__widens_the_interval() -> None:
    values = [v for v in exponential(random.Random(1), 400) for _ in range(5)]
    clustered = percentile(values, [i // 5 for i in range(2000)], P50, 0.95)
    independent = percentile(values, list(range(2000)), P50, 0.95)
    assert clustered.standard_error is not None
    assert independent.standard_error is not None
    assert clustered.standard_error > 1.7 * independent.standard_error


def test_paired_percentile_difference__same_values__is_exactly_zero() -> None:
    values = exponential(random.Random(2), 500)
    interval = paired_percentile_difference(values, values, list(range(500)), P95, 0.95)
    assert interval is not None
    assert (interval.estimate, interval.standard_error) == (0.0, 0.0)


def test_paired_percentile_difference__ten_percent_slower__is_found_on_the_log_scale() -> None:
    baseline = exponential(random.Random(3), 4000)
    candidate = [v * 11 // 10 for v in baseline]
    interval = paired_percentile_difference(
        baseline, candidate, list(range(4000)), P95, 0.95, logarithmic=True
    )
    assert interval is not None
    assert interval.estimate == pytest.approx(0.0953, abs=1e-3)
    assert interval.standard_error < 0.03


def test_paired_percentile_difference__correlated_sides__covers_the_truth() -> None:
    source = random.Random(4)
    covered = 0
    for _ in range(200):
        shared = exponential(source, 400)
        baseline = [v + source.randrange(200_000) for v in shared]
        candidate = [v + source.randrange(200_000) for v in shared]
        interval = paired_percentile_difference(baseline, candidate, list(range(400)), P95, 0.95)
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert covered >= 185
