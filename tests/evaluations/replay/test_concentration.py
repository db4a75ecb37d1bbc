"""Provider concentration: the index and its clustered interval."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import pytest

from evaluations.replay.concentration import (
    BASELINE,
    CANDIDATE,
    Concentration,
    index_interval,
    index_of,
)
from evaluations.replay.merge import add

Rows = list[tuple[int, str, str]]  # cluster, provider under baseline, under candidate


def summed(rows: Rows) -> dict[str, Any]:
    """Sums of all classes together."""
    clusters = defaultdict(list)
    for cluster, before, after in rows:
        clusters[cluster].append(("any", before, after))
    tally = Concentration()
    for members in clusters.values():
        tally.add_cluster(members)
    whole: dict[str, Any] = tally.as_json()["*"]
    return whole


def drawn(seed: int, n: int, per_cluster: int, weights: tuple[int, int, int]) -> Rows:
    source = random.Random(seed)
    names = ("acme", "borealis", "cirrus")
    rows = []
    for i in range(n):
        if i % per_cluster == 0:
            shared = source.choices(names, weights)[0]
        before = shared if source.random() < 0.7 else source.choice(names)
        rows.append((i // per_cluster, before, source.choices(names, weights)[0]))
    return rows


def hhi(names: list[str]) -> float:
    return sum((n / len(names)) ** 2 for n in Counter(names).values())


def test_index__of_any_traffic__is_the_sum_of_squared_shares() -> None:
    rows = drawn(1, 500, 1, (5, 3, 2))
    assert float(index_of(summed(rows), BASELINE)) == pytest.approx(hhi([b for _, b, _ in rows]))
    assert float(index_of(summed(rows), CANDIDATE)) == pytest.approx(hhi([c for *_, c in rows]))


def test_index__of_a_single_provider__is_one_without_doubt() -> None:
    interval = index_interval(summed([(i, "acme", "acme") for i in range(60)]), 0.95)
    assert (interval.low, interval.high) == (1.0, 1.0)


def test_difference__of_the_same_routing__is_exactly_zero() -> None:
    rows = [(g, b, b) for g, b, _ in drawn(2, 300, 3, (5, 3, 2))]
    interval = index_interval(summed(rows), 0.95, weight=Fraction(1))
    assert (interval.estimate, interval.low, interval.high) == (0, 0, 0)


@pytest.mark.parametrize("per_cluster", [1, 5])
def test_standard_error__of_the_difference__is_that_of_repeated_samples(per_cluster: int) -> None:
    estimates, errors = [], []
    for seed in range(300):
        sums = summed(drawn(seed, 400, per_cluster, (6, 3, 1)))
        interval = index_interval(sums, 0.95, weight=Fraction(1))
        estimates.append(interval.estimate)
        errors.append(interval.standard_error)
    mean = sum(estimates) / 300
    spread = math.sqrt(sum((e - mean) ** 2 for e in estimates) / 299)
    assert sum(errors) / 300 == pytest.approx(spread, rel=0.12)


def test_sums__of_two_parts__merge_into_those_of_the_whole() -> None:
    rows = drawn(4, 200, 2, (5, 3, 2))
    assert add(summed(rows[:80]), summed(rows[80:])) == summed(rows)
