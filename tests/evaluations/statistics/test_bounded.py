"""Intervals of shares and of qualities, where what would differ may be missing from the sample."""

import math
from fractions import Fraction

import pytest
import scipy  # it reads a part of itself when that is first asked for
from hypothesis import given
from hypothesis import strategies as st

from evaluations.statistics.bounded import (
    bounded_combination,
    bounded_difference,
    bounded_mean,
    bounded_relative,
    tango,
    with_pseudo_requests,
)
from evaluations.statistics.clusters import ClusterSums, PairedSums, design_effect
from evaluations.statistics.intervals import paired_difference
from tests.evaluations.statistics.test_intervals import Rows, paired_sums

NANO = 10**9


@pytest.mark.parametrize(
    ("wins", "losses", "n", "low", "high"),
    [
        (9, 1, 100, 0.022648, 0.154078),
        (0, 0, 200, -0.018845, 0.018845),
        (0, 0, 300, -0.012643, 0.012643),
        (0, 4, 500, -0.020387, -0.000315),
        (5, 3, 1000, -0.004378, 0.009010),
    ],
)
def test_tango__pairs_of_two_shares__has_the_published_interval(
    wins: int, losses: int, n: int, low: float, high: float
) -> None:
    interval = tango(wins, losses, n, 0.95)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-6)
    assert interval.estimate == (wins - losses) / n


def test_tango__every_pair_lost__ends_at_minus_one() -> None:
    interval = tango(0, 50, 50, 0.95)
    assert interval.low == pytest.approx(-1)
    assert -1 < interval.high < -0.8


@given(st.integers(0, 30), st.integers(0, 30), st.integers(61, 5000))
def test_tango__sides_exchanged__is_its_mirror_image(wins: int, losses: int, n: int) -> None:
    interval, mirror = tango(wins, losses, n, 0.95), tango(losses, wins, n, 0.95)
    assert (interval.low, interval.high) == pytest.approx((-mirror.high, -mirror.low), abs=1e-12)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_pseudo_requests__for_0_and_1__are_bonett_and_price_with_more_of_them(
    confidence: float,
) -> None:
    z = scipy.stats.norm.ppf((1 + confidence) / 2)
    half = z * z / 2
    interval = with_pseudo_requests(1 - 9, 10, 100, confidence)
    won, lost = ((count + half) / (100 + z * z) for count in (1, 9))
    spread = math.sqrt((won + lost - (won - lost) ** 2) / (100 + z * z))
    assert interval.low == pytest.approx(won - lost - z * spread)
    assert interval.estimate == -0.08


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.9995])
@pytest.mark.parametrize("n", [72, 200, 5000])
def test_bounds__nothing_differs__hold_what_a_sample_may_hide(n: int, confidence: float) -> None:
    """Of what happens to a share q of requests n hold none with the chance (1 - q)^n."""
    hidden = 1 - ((1 - confidence) / 2) ** (1 / n)
    alike = ClusterSums({1: (n, n * NANO, n * NANO**2)})
    for interval in (
        bounded_difference(pairs(n), NANO, (0, 0), confidence),
        bounded_difference(pairs(n), NANO, None, confidence),
    ):
        assert interval.low <= -hidden + 1e-12
        assert interval.high >= hidden - 1e-12
    for share in (True, False):
        mean = bounded_mean(alike, {1: n * NANO**2}, NANO, confidence, share=share)
        assert mean.low <= 1 - hidden + 1e-12


@pytest.mark.parametrize("n", [72, 200, 1000])
@pytest.mark.parametrize("share", [0.005, 0.01, 0.02, 0.05])
def test_difference__of_rare_losses__misses_at_zero_in_one_sample_of_forty(
    n: int, share: float
) -> None:
    """Exact, by summing the binomial: also at the end next to zero, which plain scores miss."""
    law, missed = scipy.stats.binom(n, share), 0.0
    for lost in range(min(n, int(n * share) + 40)):
        found = bounded_difference(pairs(n, losses=lost, value=1), 1, (0, lost), 0.95)
        missed += law.pmf(lost) * (found.high < -share)
    assert missed <= 0.0251


def pairs(n: int, *, losses: int = 0, size: int = 1, value: int = NANO) -> PairedSums:
    """n requests in clusters of `size`; the last `losses` of them are worth nothing any more."""
    rows: Rows = [(i // size, value, value if i < n - losses else 0) for i in range(n)]
    return paired_sums(rows)


def test_difference__nothing_differs__is_as_wide_as_the_sample_allows() -> None:
    interval = bounded_difference(pairs(200), NANO, (0, 0), 0.95)
    assert (interval.low, interval.high) == pytest.approx((-0.018845, 0.018845), abs=1e-6)


def test_difference__nothing_differs_in_clusters__counts_each_cluster_once() -> None:
    clustered = bounded_difference(pairs(1000, size=5), NANO, (0, 0), 0.95)
    independent = bounded_difference(pairs(200), NANO, (0, 0), 0.95)
    assert clustered.low == pytest.approx(independent.low)


def test_difference__losses_in_one_burst__is_wider_than_the_clustered_interval() -> None:
    sums = pairs(1000, losses=10, size=10)
    interval = bounded_difference(sums, NANO, (0, 10), 0.95)
    clustered = paired_difference(sums, 0.95).scaled(1 / NANO)
    assert interval.low < clustered.low < clustered.high <= interval.high
    # Ten clusters' worth: as Tango's interval of one loss in a hundred.
    assert interval.low == pytest.approx(tango(0, 1, 100, 0.95).low, rel=1e-6)


def test_difference__graded_and_alike__has_the_width_of_the_pseudo_requests() -> None:
    interval = bounded_difference(pairs(500, value=NANO // 2), NANO, None, 0.95)
    square = 1.959963984540054**2
    assert interval.high == pytest.approx(square / (500 + square))


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 100), st.integers(0, 100)),
        min_size=3,
        max_size=40,
    )
)
def test_difference__any_graded_values__is_never_narrower_than_the_clustered_one(
    rows: Rows,
) -> None:
    sums = paired_sums(rows)
    interval = bounded_difference(sums, 100, None, 0.95)
    clustered = paired_difference(sums, 0.95).scaled(1 / 100)
    assert interval.low <= clustered.low
    assert clustered.high <= interval.high
    assert interval.low < interval.high


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 1), st.integers(0, 1)), min_size=3, max_size=40
    )
)
def test_difference__any_0_1_pairs_in_clusters__is_never_narrower_than_the_clustered_one(
    rows: Rows,
) -> None:
    rows = [*rows, rows[0]]  # at least one cluster of more than one request
    sums = paired_sums(rows)
    discordant = sum(b < c for _, b, c in rows), sum(b > c for _, b, c in rows)
    interval = bounded_difference(sums, 1, discordant, 0.95)
    clustered = paired_difference(sums, 0.95)
    assert interval.low <= clustered.low
    assert clustered.high <= interval.high


def test_relative__nothing_differs__is_the_difference_as_a_share_of_the_baseline() -> None:
    rows = [(i, int(i < 400), int(i < 400)) for i in range(500)]
    interval = bounded_relative(paired_sums(rows), 1, (0, 0), 0.95)
    assert interval is not None
    assert interval.estimate == 0
    # The margin times the baseline's share, 0.8, is of little weight beside the difference itself.
    assert interval.low == pytest.approx(tango(0, 0, 500, 0.95).low / 0.8, rel=0.01)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(200, 600), st.integers(100, 150))
def test_relative__any_0_1_pairs__agrees_with_the_combination_at_its_bounds(
    wins: int, losses: int, n: int, right: int
) -> None:
    won, lost = [(0, 1)] * wins, [(1, 0)] * losses
    values = [*won, *lost, *[(1, 1)] * right]
    values += [(0, 0)] * (n - len(values))
    sums = paired_sums([(i, b, c) for i, (b, c) in enumerate(values)])
    relative = bounded_relative(sums, 1, (wins, losses), 0.95)
    assert relative is not None
    for bound, end in ((relative.low, "low"), (relative.high, "high")):
        weight = 1 + Fraction(bound)
        at_bound = bounded_combination(sums, 1, (wins, losses), 0.95, weight)
        assert getattr(at_bound, end) == pytest.approx(0, abs=1e-9)


def test_relative__baseline_hardly_ever_right__is_not_defined() -> None:
    assert bounded_relative(pairs(100, value=0), NANO, (0, 0), 0.95) is None


@pytest.mark.parametrize(("hits", "n"), [(0, 40), (3, 40), (20, 40), (40, 40), (6, 4000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.9995])
def test_mean__of_a_share__is_clopper_and_pearsons_interval(
    hits: int, n: int, confidence: float
) -> None:
    expected = scipy.stats.binomtest(hits, n).proportion_ci(confidence, method="exact")
    interval = bounded_mean(ClusterSums({1: (n, hits, hits)}), {1: hits}, 1, confidence, share=True)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=2, max_size=12))
def test_mean__of_a_share_in_clusters__lies_between_0_and_1(rows: list[tuple[int, int]]) -> None:
    """Nobody may read that between −0.04% and 1.4% of requests fall back."""
    by_size: dict[int, tuple[int, int, int]] = {}
    for size, hits in ((size, min(size, hits)) for size, hits in rows):
        count, total, squares = by_size.get(size, (0, 0, 0))
        by_size[size] = (count + 1, total + hits, squares + hits * hits)
    hits_of = {size: total for size, (_, total, _) in by_size.items()}
    interval = bounded_mean(ClusterSums(by_size), hits_of, 1, 0.95, share=True)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


def test_mean__all_values_alike__still_has_width() -> None:
    sums, squares = ClusterSums({1: (200, 200 * NANO, 200 * NANO**2)}), {1: 200 * NANO**2}
    interval = bounded_mean(sums, squares, NANO, 0.95, share=False)
    assert interval.estimate == interval.high == 1
    assert 0.95 < interval.low < 0.99


@pytest.mark.parametrize(("size", "losses"), [(1, 3), (1, 0)])
def test_design_effect__independent_requests__is_one(size: int, losses: int) -> None:
    sums = pairs(100, losses=losses, size=size)
    assert design_effect(sums.combination(1, -1), sums.squared_differences(), NANO) == 1


def test_design_effect__whole_clusters_alike__is_their_size() -> None:
    sums = pairs(1000, losses=100, size=10)
    effect = design_effect(sums.combination(1, -1), sums.squared_differences(), NANO)
    assert effect == pytest.approx(10, rel=1e-3)


def test_design_effect__losses_apart__assumes_one_burst() -> None:
    # 50 losses, each in a cluster of its own of ten: of 9 others one in 50 + 1 is assumed alike.
    rows = [(i // 10, 1, int(i % 10 > 0 or i >= 500)) for i in range(10_000)]
    sums = paired_sums(rows)
    mean = Fraction(50, 10_000)
    repeated = 9 - 50 * 9 * 2 * mean + 9 * 10_000 * mean**2
    deviation = 9 + 50 * 9 * (1 - 2 * mean) + 9 * 10_000 * mean**2
    expected = float(1 + 9 * repeated / deviation)
    found = design_effect(sums.combination(1, -1), sums.squared_differences(), 1)
    assert found == pytest.approx(expected)
    assert 1 < found < 1.2
