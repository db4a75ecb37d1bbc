"""Provider concentration: the index and its clustered interval."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.replay.concentration import (
    BASELINE,
    CANDIDATE,
    Concentration,
    index_interval,
    index_of,
)
from evaluations.replay.merge import add
from evaluations.statistics.concentration import most_gained, squares_within

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


def test_index__of_a_single_provider__is_at_most_one_and_may_be_a_little_less() -> None:
    # Of 200 requests none went elsewhere; a share of 3.7 in 200 would hide so in one of 40 samples.
    interval = index_interval(summed([(i, "acme", "acme") for i in range(200)]), 0.95)
    assert interval.high == pytest.approx(1)
    assert interval.low < (1 - 3.7 / 200) ** 2 + (3.7 / 200) ** 2 < 1


def test_index__of_equal_shares__has_the_width_of_the_shares() -> None:
    """Of 200 requests half at each: 0.57 to one is as likely, and its index is 0.51."""
    rows = [(i, "acme", ("acme", "borealis")[i % 2]) for i in range(200)]
    interval = index_interval(summed(rows), 0.95)
    share = 0.5 + 1.96 * math.sqrt(0.25 / 200)
    assert interval.estimate == 0.5
    assert interval.high > share**2 + (1 - share) ** 2
    assert interval.low == pytest.approx(0.5)


def test_index__in_conversations__counts_each_once() -> None:
    alone = [(i, "acme", ("acme", "borealis")[i % 2]) for i in range(200)]
    longer = [(i, b, c) for i, b, c in alone for _ in range(5)]
    ends = [index_interval(summed(rows), 0.95).high for rows in (alone, longer)]
    assert ends[0] == pytest.approx(ends[1])


def test_difference__of_the_same_routing__has_the_width_of_what_may_hide() -> None:
    rows = [(i, b, b) for i, (_, b, _) in enumerate(drawn(2, 300, 3, (5, 3, 2)))]
    interval = index_interval(summed(rows), 0.95, against_baseline=True)
    assert interval.estimate == 0
    # 3.7 of 300 requests moved from the smallest provider, of a fifth, to the largest, of a half.
    assert interval.high > 2 * 3.7 / 300 * 0.3
    assert interval.high < 0.05
    assert interval.low < 0


def test_difference__of_equal_shares_that_all_move__has_width() -> None:
    rows = [(i, "ab"[i % 2], "ba"[i % 2]) for i in range(400)]
    interval = index_interval(summed(rows), 0.95, against_baseline=True)
    assert interval.estimate == 0
    share = 0.5 + 1.96 * math.sqrt(1 / 400)  # as far as moves of ±1 at random may go
    assert interval.high > share**2 + (1 - share) ** 2 - 0.5


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6)
)
def test_squares_within__any_bounds__hold_those_of_every_share_in_them(
    drawn_bounds: list[tuple[float, float, float]],
) -> None:
    total = sum(share for share, _, _ in drawn_bounds) or 1.0
    shares = [share / total for share, _, _ in drawn_bounds]
    if abs(sum(shares) - 1) > 1e-9:
        return
    bounds = [
        (share * down, share + (1 - share) * up)
        for share, (_, down, up) in zip(shares, drawn_bounds, strict=True)
    ]
    least, most = squares_within(bounds)
    assert least - 1e-9 <= sum(share * share for share in shares) <= most + 1e-9


@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [
        ([(0.4, 0.6), (0.4, 0.6)], 0.5, 0.52),
        ([(0.7, 0.9), (0.0, 0.2), (0.0, 0.2)], 0.535, 0.83),
        ([(1.0, 1.0), (0.0, 0.0)], 1.0, 1.0),
    ],
)
def test_squares_within__bounds_by_hand__are_met_by_shares(
    bounds: list[tuple[float, float]], least: float, most: float
) -> None:
    # 0.7, 0.15, 0.15 are as equal, and 0.9, 0.1, 0 as unequal as they can be; between 0 and 0.2 the
    # square of 0.1 counts by the chord, as 0.02.
    assert squares_within(bounds) == pytest.approx((least, most), abs=1e-9)


@pytest.mark.parametrize("per_cluster", [1, 5])
def test_standard_error__of_the_difference__is_that_of_repeated_samples(per_cluster: int) -> None:
    estimates, errors = [], []
    for seed in range(300):
        sums = summed(drawn(seed, 400, per_cluster, (6, 3, 1)))
        interval = index_interval(sums, 0.95, against_baseline=True)
        estimates.append(interval.estimate)
        errors.append(interval.standard_error)
    mean = sum(estimates) / 300
    spread = math.sqrt(sum((e - mean) ** 2 for e in estimates) / 299)
    assert sum(errors) / 300 == pytest.approx(spread, rel=0.12)


def test_sums__of_two_parts__merge_into_those_of_the_whole() -> None:
    rows = drawn(4, 200, 2, (5, 3, 2))
    assert add(summed(rows[:80]), summed(rows[80:])) == summed(rows)


def test_most_gained__from_shares_that_are_known__is_what_moves_gain() -> None:
    # A tenth moves from 0.4 to 0.6: 0.7² + 0.3² - 0.6² - 0.4². By chords, moves between a tenth
    # either way lie on the straight line between their ends.
    found = most_gained([(0.6, 0.6), (0.4, 0.4)], [(-0.1, 0.1), (-0.1, 0.1)])
    assert found == pytest.approx(0.06)


def test_difference__from_nearly_equal_shares__counts_what_is_unknown_of_the_baseline() -> None:
    """7 % move to one of two providers of half each: a margin of what that does holds in no more
    than one sample of forty. By the slope at the sample's own shares it did in 9 of these 200."""
    truth, passed, reps = 0.57**2 + 0.43**2 - 0.5, 0, 200
    for seed in range(reps):
        source = random.Random(seed)
        drawn_at = [source.random() for _ in range(1000)]
        rows = [(i, "ab"[at < 0.5], "ab"[at < 0.57]) for i, at in enumerate(drawn_at)]
        passed += index_interval(summed(rows), 0.95, against_baseline=True).high <= truth
    assert passed <= reps / 40
