"""The latency histogram: merged in any order the same, and true to one per cent."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.metrics import histogram
from evaluations.statistics.percentiles import order_rank
from policies.engine.outcomes.bins import ACCURACY, bin_of

LATENCIES = st.lists(st.integers(min_value=1, max_value=10**11), min_size=1, max_size=200)
SHARES = st.sampled_from([Fraction(1, 100), Fraction(1, 2), Fraction(95, 100), Fraction(99, 100)])


def bins_of(values: list[int]) -> histogram.Bins:
    bins: histogram.Bins = {}
    for value in values:
        histogram.add(bins, [(bin_of(value), 1)])
    return bins


@given(LATENCIES, SHARES)
def test_percentile__of_any_latencies__is_within_one_per_cent_of_the_order_statistic(
    values: list[int], p: Fraction
) -> None:
    exact = sorted(values)[order_rank(len(values), p) - 1]
    found = histogram.percentile(bins_of(values), p)
    assert found is not None
    assert abs(found - exact) <= exact * ACCURACY * (1 + 1e-9)


@given(LATENCIES, st.lists(st.integers(0, 200), max_size=5), st.randoms())
def test_merge__of_any_partition_in_any_order__is_the_same(
    values: list[int], cuts: list[int], dice: random.Random
) -> None:
    edges = [0, *sorted(cut % (len(values) + 1) for cut in cuts), len(values)]
    parts = [bins_of(values[a:b]) for a, b in itertools.pairwise(edges)]
    dice.shuffle(parts)
    merged = histogram.merged(parts)
    assert histogram.stored(merged) == histogram.stored(bins_of(values))


@pytest.mark.parametrize("value", [0, 1])
def test_bin__of_less_than_a_microsecond__is_that_of_one(value: int) -> None:
    assert bin_of(value) == 0


def test_value_at_rank__outside_the_sample__is_unknown() -> None:
    bins = bins_of([5, 7])
    assert histogram.value_at_rank(bins, 0) is None
    assert histogram.value_at_rank(bins, 3) is None


def test_percentile__of_nothing__is_unknown() -> None:
    assert histogram.percentile({}, Fraction(1, 2)) is None


@given(LATENCIES)
def test_stored_form__read_back__is_the_histogram(values: list[int]) -> None:
    bins = bins_of(values)
    read: histogram.Bins = {}
    histogram.add_stored(read, histogram.stored(bins))
    assert read == bins
