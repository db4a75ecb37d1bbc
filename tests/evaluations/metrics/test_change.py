"""Change management from the records of releases and reviews."""

from __future__ import annotations

import datetime

import pytest

from evaluations.metrics.change import History, ReleaseRecord, ReviewRecord, series_of, value_of
from evaluations.metrics.definitions import DEFINITIONS, MEANINGS
from evaluations.metrics.periods import PERIODS, window_of
from policies.engine.metrics import METRICS
from tests.evaluations.outcome_cast import NOW

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
WINDOW = window_of("28d", NOW)


def publication(number: int, days_ago: float, lead_hours: float) -> ReleaseRecord:
    at = NOW - days_ago * DAY
    return ReleaseRecord(number, at, is_rollback=False, drafted_at=at - lead_hours * HOUR)


def rollback(number: int, days_ago: float, bad_hours: float) -> ReleaseRecord:
    at = NOW - days_ago * DAY
    return ReleaseRecord(number, at, is_rollback=True, replaced_at=at - bad_hours * HOUR)


HISTORY = History(
    (
        publication(1, 60, 500),
        publication(2, 20, 10),
        publication(3, 12, 30),
        rollback(4, 11, 24),
        publication(5, 3, 20),
    ),
    (ReviewRecord(7, NOW - 3 * DAY, NOW - 3 * DAY + 5 * HOUR),),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lead_time_hours", 20),
        ("change_frequency", 3 / 4),
        ("change_failure_rate", 1 / 3),
        ("time_to_restore_hours", 24),
        ("review_latency_hours", 5),
        ("rollbacks", 1),
    ],
)
def test_value__of_four_weeks__counts_what_came_into_force_in_them(name: str, value: float) -> None:
    assert value_of(name, HISTORY, WINDOW) == pytest.approx(value)


def test_value__without_publications__has_no_failure_rate_nor_lead_time() -> None:
    assert value_of("change_failure_rate", History(), WINDOW) is None
    assert value_of("lead_time_hours", History(), WINDOW) is None
    assert value_of("change_frequency", History(), WINDOW) == 0


def test_series__of_lead_times__has_a_point_for_each_publication() -> None:
    assert [hours for _, hours in series_of("lead_time_hours", HISTORY, WINDOW)] == [10, 30, 20]


def test_series__of_the_frequency__looks_back_four_weeks_from_each_day() -> None:
    points = series_of("change_frequency", HISTORY, WINDOW)
    assert len(points) == 28
    assert points[-1][1] == 3 / 4


def test_definitions__cover_every_metric_that_a_threshold_can_name() -> None:
    assert set(METRICS) <= set(DEFINITIONS)
    assert set(MEANINGS) == set(DEFINITIONS)


@pytest.mark.parametrize("period", PERIODS)
def test_window__of_any_period__joins_the_one_before_and_holds_now(period: str) -> None:
    window = window_of(period, NOW)
    assert window.holds(NOW)
    assert window.preceding.end == window.start
    assert len(window.buckets) == len(window.preceding.buckets)
    assert window.buckets[-1] + window.step == window.end
