"""Percentiles by order statistics: values, paired differences and their coverage."""

import math
import random
from fractions import Fraction

import pytest

from evaluations.statistics.paired_percentiles import paired_percentiles
from evaluations.statistics.percentiles import binomial_ranks, order_rank, percentile
from evaluations.studies.samples import slower_p95, up_to_twenty

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


def test_percentile__of_whole_conversations__has_the_ranks_of_one_request_each() -> None:
    """Slow as a whole or not at all, a conversation of ten says as much as one request."""
    values = list(range(1, 2001))
    alone = percentile(values[:200], values[:200], P95, 0.95)
    together = percentile(values, [i // 10 for i in range(2000)], P95, 0.95)
    assert alone.high is not None and together.high is not None
    assert together.high >= 10 * (alone.high - 1) + 1
    assert together.low is not None and alone.low is not None
    assert together.low <= 10 * alone.low


def test_percentile__few_conversations_slow__seldom_ends_below_the_truth() -> None:
    """3 % of conversations of 1 to 20 are five times as slow. By t of the clusters the upper bound
    lay below the truth in one sample of seven; of 100 samples, 9 are twice as many as one in 40
    makes likely in one of 1,000 such tests."""
    truth = 1e6 * math.exp(0.5 * 1.6448536269514722) * (1 + slower_p95(0.03, 5.0))
    below = 0
    for seed in range(100):
        source, values, clusters = random.Random(seed), [], []
        for conversation, size in enumerate(up_to_twenty(source, 1000)):
            factor = 5 if source.random() < 0.03 else 1
            for _ in range(size):
                values.append(round(factor * 1e6 * math.exp(source.gauss(0, 0.5))))
                clusters.append(conversation)
        found = percentile(values, clusters, P95, 0.95)
        below += found.high is not None and found.high < truth
    assert below < 9


@pytest.mark.parametrize(("p", "rank"), [(P50, 250), (P95, 475)])
def test_paired_percentiles__no_request_differs__are_bounded_four_ranks_away(
    p: Fraction, rank: int
) -> None:
    values = [x * x for x in range(1, 501)]
    interval = paired_percentiles(values, values, list(range(500)), p, 0.95).difference
    assert interval is not None
    assert interval.estimate == 0
    # A sample holds none of -ln(0.025) = 3.7 expected requests in one case of 40.
    assert interval.low == (rank - 4) ** 2 - rank**2
    assert interval.high == (rank + 4) ** 2 - rank**2


def test_paired_percentiles__no_request_of_large_clusters_differs__are_bounded_further_away() -> (
    None
):
    values = list(range(1, 501))
    clusters = [i % 100 for i in range(500)]
    interval = paired_percentiles(values, values, clusters, P50, 0.95).difference
    assert interval is not None
    assert interval.high == math.ceil(-math.log(0.025) * 5)


def test_paired_percentiles__too_few_to_hide_four__have_no_interval() -> None:
    values = list(range(72))
    assert paired_percentiles(values, values, values, P95, 0.95).difference is None


def test_paired_percentiles__no_value_twice__are_the_order_statistics() -> None:
    values, slower = list(range(1, 101)), [x + 50 for x in range(1, 101)]
    found = paired_percentiles(values, slower, values, P95, 0.95)
    assert (found.baseline, found.candidate) == (95, 145)


def test_paired_percentiles__of_tied_values__lie_on_the_line_through_the_middles() -> None:
    # 100 at ranks 1 to 60 (middle 30.5), 200 at ranks 61 to 100 (middle 80.5): rank 50 lies
    # 19.5 of 50 ranks from the one to the other.
    values = [100] * 60 + [200] * 40
    found = paired_percentiles(values, values[::-1], list(range(100)), P50, 0.95)
    assert found.baseline == pytest.approx(100 + 100 * 19.5 / 50)


def test_paired_percentiles__latencies_on_a_coarse_grid__cover_no_difference() -> None:
    source, covered = random.Random(8), 0
    for _ in range(100):
        shared = [source.expovariate(1 / 400) for _ in range(500)]
        sides = [
            [200 * int((x + source.expovariate(1 / 300)) / 200) + 200 for x in shared]
            for _ in range(2)
        ]
        baseline, candidate = sides
        clusters = list(range(500))
        interval = paired_percentiles(baseline, candidate, clusters, P95, 0.95).difference
        assert interval is not None
        assert interval.low < interval.high
        covered += interval.low <= 0 <= interval.high
    assert covered >= 92


def test_paired_percentiles__ten_percent_slower__is_found_on_the_log_scale() -> None:
    baseline = exponential(random.Random(3), 4000)
    candidate = [v * 11 // 10 for v in baseline]
    interval = paired_percentiles(baseline, candidate, list(range(4000)), P95, 0.95).log_ratio
    assert interval is not None
    assert interval.estimate == pytest.approx(0.0953, abs=1e-3)
    assert interval.standard_error < 0.03


def test_paired_percentiles__correlated_sides__covers_the_truth() -> None:
    source = random.Random(4)
    covered = 0
    for _ in range(200):
        shared = exponential(source, 400)
        baseline = [v + source.randrange(200_000) for v in shared]
        candidate = [v + source.randrange(200_000) for v in shared]
        interval = paired_percentiles(baseline, candidate, list(range(400)), P95, 0.95).difference
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert covered >= 185


def test_paired_percentiles__one_request_differs__says_little_more_than_none() -> None:
    """Whole slow conversations may hide as well as where no request differs at all."""
    values = [10 * x for x in range(1, 1001)]
    clusters = [i % 100 for i in range(1000)]
    nearly = [*values[:3], values[3] + 1, *values[4:]]
    none, one = (
        paired_percentiles(values, other, clusters, P95, 0.95).difference
        for other in (values, nearly)
    )
    assert none is not None and one is not None
    assert one.high >= 0.8 * none.high


def test_paired_percentiles__conversations_slow_as_a_whole__seldom_pass_at_the_margin() -> None:
    """1 % of conversations are five times as slow, and few requests differ otherwise: a margin of
    what that does to the 95th percentile must not hold in more than one case of forty."""
    source, passed = random.Random(11), 0
    for _ in range(40):
        baseline, candidate, clusters = [], [], []
        for conversation in range(100):
            factor = 5 if source.random() < 0.01 else 1
            for _ in range(10):
                time = round(1000 * math.exp(source.gauss(0, 0.5)))
                baseline.append(time)
                candidate.append(factor * time + (source.random() < 0.2))
                clusters.append(conversation)
        interval = paired_percentiles(baseline, candidate, clusters, P95, 0.95).log_ratio
        passed += interval is not None and interval.high <= math.log(1.0477)
    assert passed <= 1


def independent(count: int) -> tuple[list[int], list[int]]:
    """Latencies, all different, each a conversation of its own; and the conversations."""
    source = random.Random(11)
    return [round(source.lognormvariate(0, 0.5) * 10**6) for _ in range(count)], [*range(count)]


@pytest.mark.parametrize("steady", [True, False])
def test_paired_percentiles__one_side_follows_or_is_constant__are_as_sure_as_the_other_alone(
    steady: bool,
) -> None:
    """Twice the baseline, or always the same: the difference varies as the baseline's percentile
    does, whose exact interval is that of order statistics.
    """
    before, clusters = independent(2000)
    after = [2_500_000 + i for i in clusters] if steady else [2 * x for x in before]
    found = paired_percentiles(before, after, clusters, P95, 0.95).difference
    ordered = sorted(before)
    low, high = (ordered[rank - 1] for rank in binomial_ranks(2000, P95, 0.95))
    value = ordered[1899]
    assert found is not None
    assert found.low - found.estimate <= (value - high if steady else low - value) + 2000
    assert found.high - found.estimate >= (value - low if steady else high - value) - 2000


def test_paired_percentiles__more_than_five_per_cent_at_a_time_limit__reach_it() -> None:
    before, clusters = independent(1000)
    slowest = sorted(before)[-57:]
    after = [3 * slowest[-1] if x >= slowest[0] else x for x in before]
    found = paired_percentiles(before, after, clusters, P95, 0.95).difference
    low, _ = binomial_ranks(1000, P95, 0.95)
    assert found is not None
    assert found.high >= 3 * slowest[-1] - sorted(before)[low - 1]
