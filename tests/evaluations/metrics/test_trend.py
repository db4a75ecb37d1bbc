"""Trends: when a change may be called better or worse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.metrics.measures import Context
from evaluations.metrics.sums import Buckets, Counts, Sums
from evaluations.metrics.trend import Trend, trends_of
from evaluations.studies.trends import (
    NATURES,
    false_families,
    false_words,
    readings,
)
from policies.engine.outcomes.bins import bin_of

CONTEXT = Context()


def errors(*pairs: tuple[int, int], per_day: int = 1) -> Buckets:
    """One bucket for each (errors, requests)."""
    parts = tuple(Sums(Counts(errors=found, requests=n)) for found, n in pairs)
    return Buckets(parts, per_day)


def latencies(*bins: int, requests: int = 400) -> Buckets:
    """One day for each bin, which holds all its requests."""
    counts = Counts(latency_known=requests)
    return Buckets(tuple(Sums(counts, {index: requests}) for index in bins))


def trend_of(name: str, current: Buckets, previous: Buckets) -> Trend | None:
    return trends_of((name,), current, previous, CONTEXT).get(name)


def told(name: str, current: Buckets, previous: Buckets) -> Trend:
    found = trend_of(name, current, previous)
    assert found is not None
    return found


@pytest.mark.parametrize("nature", NATURES, ids=lambda nature: nature.name)
@pytest.mark.parametrize(("period", "requests_a_day"), [("7d", 60), ("7d", 15), ("28d", 15)])
def test_board__of_histories_without_a_change__calls_nothing_better_or_worse(
    period: str, requests_a_day: int, nature: object
) -> None:
    """Of 15 boards none: 5 % of boards may, so more than 2 of 15 would be far off."""
    assert false_words(period, nature, 15, requests_a_day) <= 2  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [7, 28])
@pytest.mark.parametrize("hold", [0.0, 0.7])
def test_board__of_days_that_hang_together__says_a_false_word_on_one_in_twenty_at_most(
    days: int, hold: float
) -> None:
    """A plain t of paired days says one on 69 (7 days) and 95 (28 days) of 100 at 0.7."""
    assert false_families(days, hold, 100) <= 8


def test_board__cost_halved_for_four_weeks__is_better_and_nothing_else_is_told() -> None:
    found = list(readings("28d", NATURES[0], 5, 60, {"cost": 0.4}))
    assert [words["mean_cost_usd"] for words in found] == ["better"] * 5
    others = {word for words in found for name, word in words.items() if name != "mean_cost_usd"}
    assert others <= {"unclear", ""}


def test_trend__errors_rose_on_every_day__is_clear_and_worse() -> None:
    trend = told("error_rate", errors(*[(40, 100), (42, 100)] * 7), errors(*[(5, 100)] * 14))
    assert trend.change == pytest.approx(0.36)
    assert (trend.reading("lower"), trend.direction) == ("worse", "up")


def test_trend__within_the_noise__is_unclear() -> None:
    noisy = [(2, 50), (0, 50), (5, 50), (1, 50), (3, 50), (0, 50), (2, 50)]
    trend = told("error_rate", errors(*noisy), errors(*noisy[::-1]))
    assert trend.reading("lower") == "unclear"


def test_trend__no_event_in_either_period__is_not_known_to_be_without_change() -> None:
    trend = told("error_rate", errors(*[(0, 100)] * 7), errors(*[(0, 100)] * 7))
    assert trend.low is not None
    assert trend.high is not None
    assert trend.low < 0 < trend.high


def test_trend__many_hours_of_one_day__are_one_day() -> None:
    trend = told(
        "error_rate", errors(*[(40, 100)] * 24, per_day=24), errors(*[(1, 100)] * 24, per_day=24)
    )
    assert (trend.low, trend.reading("lower")) == (None, "unclear")
    assert trend.change == pytest.approx(0.39)


def test_trend__of_six_days__tells_the_change_and_not_whether_it_is_better() -> None:
    trend = told("error_rate", errors(*[(40, 100)] * 6), errors(*[(1, 100)] * 6))
    assert trend.reading("lower") == "unclear"


def test_trend__weekends_unlike_weekdays__are_compared_with_weekends() -> None:
    """The same rise on each day is clear, however much the days differ among themselves."""
    before = [(2, 100)] * 5 + [(40, 100)] * 2
    after = [(8, 100), (9, 100)] * 2 + [(8, 100), (47, 100), (46, 100)]
    assert told("error_rate", errors(*after * 4), errors(*before * 4)).reading("lower") == "worse"


def test_trend__one_day_holding_most_requests__is_not_told_as_better_or_worse() -> None:
    """A load test of an hour is no fortnight."""
    days = [(1, 20)] * 13
    trend = told("error_rate", errors(*days, (9000, 10_000)), errors(*days, (10, 10_000)))
    assert trend.low is None


def test_trend__too_few_requests__is_not_told() -> None:
    assert trend_of("error_rate", errors(*[(0, 2)] * 10), errors(*[(0, 100)] * 10)) is None


@given(st.integers(200, 1500), st.integers(-1, 1))
def test_percentile__that_moved_by_one_bin__has_not_moved_for_certain(bin_: int, by: int) -> None:
    """Two latencies in neighbouring bins may be as near to each other as one likes."""
    trend = told("latency_p50_ms", latencies(*[bin_ + by] * 28), latencies(*[bin_] * 28))
    assert trend.reading("lower") == "unclear"


def test_percentile__that_doubled__is_worse() -> None:
    doubled = 690 + bin_of(2_000_000) - bin_of(1_000_000)
    trend = told("latency_p50_ms", latencies(*[doubled] * 28), latencies(*[690] * 28))
    assert trend.reading("lower") == "worse"


def test_percentile__beyond_the_sample__has_no_interval() -> None:
    """Of 100 requests the 99th percentile is the slowest but one: nothing bounds it above."""
    few = latencies(*range(690, 700), requests=10)
    assert told("latency_p99_ms", few, few).low is None


def test_board__a_change_that_is_clear_alone__is_not_among_many() -> None:
    """Its p is 0.03, so that of two such tests Holm's procedure allows no word."""
    errors_by_day = [16, 32, 20, 30, 16, 28, 26] * 4
    now = [Sums(Counts(errors=e, hops=7, requests=100)) for e in errors_by_day]
    before = [Sums(Counts(errors=13 + d % 9, hops=7, requests=100)) for d in range(28)]
    current, previous = Buckets(tuple(now)), Buckets(tuple(before))
    alone = trends_of(("error_rate",), current, previous, CONTEXT)["error_rate"]
    names = ("error_rate", "fallback_depth")
    together = trends_of(names, current, previous, CONTEXT)["error_rate"]
    assert alone.reading("lower") == "worse"
    assert together.reading("lower") == "unclear"
    assert together.differs
    assert (alone.low, alone.high) == (together.low, together.high)
