"""Change management from the records of releases and reviews."""

from __future__ import annotations

import datetime
import itertools

import pytest

from evaluations.metrics.change import (
    LOOKING_BACK,
    History,
    ReleaseRecord,
    ReviewRecord,
    series_of,
    value_of,
    with_fates,
)
from evaluations.metrics.periods import PERIODS, window_of
from tests.evaluations.outcome_cast import NOW

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
WINDOW = window_of("28d", NOW)
KINDS = ("publication", "rollback", "break_glass")


def release(
    number: int,
    days_ago: float,
    content: int,
    kind: str = "publication",
    lead_hours: float = 10,
    repairs: int | None = None,
) -> ReleaseRecord:
    """A release of four components, of which the content changes the second."""
    at = NOW - days_ago * DAY
    return ReleaseRecord(
        number,
        at,
        is_rollback=kind == "rollback",
        is_break_glass=kind == "break_glass",
        content=(1, content, 1, 1),
        drafted_at=None if kind == "rollback" else at - lead_hours * HOUR,
        repairs=repairs,
    )


def history(*releases: ReleaseRecord) -> History:
    review = ReviewRecord(7, NOW - 3 * DAY, NOW - 3 * DAY + 5 * HOUR)
    return History(with_fates(releases), (review,))


HISTORY = history(
    release(1, 60, 1, lead_hours=500),
    release(2, 20, 2),
    release(3, 12, 3, lead_hours=30),
    release(4, 11, 2, "rollback"),
    release(5, 3, 5, lead_hours=20),
)


def failing(*releases: ReleaseRecord) -> tuple[float | None, float | None]:
    """(change-failure rate, hours to restore) of the 28 days."""
    found = history(*releases)
    return tuple(
        value_of(name, found, WINDOW) for name in ("change_failure_rate", "time_to_restore_hours")
    )  # type: ignore[return-value]


def test_failure_rate__a_rollback_of_a_rollback__is_one_failed_publication_of_one() -> None:
    """One publication in 28 days, rolled back after a day, and the rollback rolled back."""
    first, bad = release(1, 90, 1), release(2, 20, 2)
    undone, redone = release(3, 19, 1, "rollback"), release(4, 1, 2, "rollback")
    assert failing(first, bad, undone, redone) == (1.0, 24)


def test_failure_rate__one_bad_release_rolled_back_twice__is_one_of_two() -> None:
    """The second rollback goes on restoring, and is timed from when the bad release came."""
    old, good, bad = release(1, 60, 1), release(2, 20, 2), release(3, 10, 3)
    once = release(4, 10 - 5 / 24, 2, "rollback")
    again = release(5, 10 - 10 / 24, 1, "rollback")
    rate, hours = failing(old, good, bad, once, again)
    assert rate == 1 / 2
    assert hours == pytest.approx(10)


def test_failure_rate__several_rollbacks_of_a_publication_of_before__has_nothing_to_be_of() -> None:
    """The rate belongs to the period of the publication; restoring to that of the rollback."""
    found = failing(release(1, 90, 1), release(2, 40, 2), release(3, 20, 1, "rollback"))
    assert found == (None, 20 * 24)


def test_failure_rate__undone_after_the_period__still_counts_in_it() -> None:
    found = history(release(1, 90, 1), release(2, 30, 2), release(3, 20, 1, "rollback"))
    assert value_of("change_failure_rate", found, WINDOW.preceding) == 1


def test_failure_rate__replaced_by_break_glass__counts_as_repaired() -> None:
    found = failing(release(1, 90, 1), release(2, 10, 2), release(3, 9, 3, "break_glass"))
    assert found == (1 / 2, 24)


def test_bypasses__of_a_period__are_its_break_glass_releases() -> None:
    found = history(release(1, 90, 1, "break_glass"), release(2, 10, 2, "break_glass"))
    assert value_of("bypasses", found, WINDOW) == 1


def test_failure_rate__taken_back_by_the_next_publication__counts_as_undone() -> None:
    found = failing(release(1, 90, 1), release(2, 10, 2), release(3, 8, 1))
    assert found == (1 / 2, 48)


def test_failure_rate__replaced_by_the_next_step_forward__is_no_failure() -> None:
    assert failing(release(1, 90, 1), release(2, 10, 2), release(3, 9, 3)) == (0, None)


def test_failure_rate__repaired_going_forward__counts_what_the_repair_names() -> None:
    """Release 2 came ten days ago; its repair, release 4, eight days ago, after another step."""
    good, bad, other = release(1, 90, 1), release(2, 10, 2), release(3, 9, 3)
    found = failing(good, bad, other, release(4, 8, 4, repairs=2))
    assert found == (1 / 3, 48)


def test_failure_rate__repaired_twice__is_one_failure_restored_by_the_first() -> None:
    releases = [release(1, 90, 1), release(2, 10, 2)]
    repairs = [release(3, 9, 3, repairs=2), release(4, 5, 4, repairs=2)]
    assert failing(*releases, *repairs) == (1 / 3, 24)


def test_failure_rate__a_repair_that_is_repaired__failed_itself() -> None:
    """Release 2 was in force for a day until it was repaired, its repair for three."""
    bad, worse = release(2, 10, 2), release(3, 9, 3, repairs=2)
    found = failing(release(1, 90, 1), bad, worse, release(4, 6, 4, repairs=3))
    assert found == (2 / 3, (24 + 72) / 2)


def test_failure_rate__rolled_back_then_repaired__is_restored_by_the_rollback() -> None:
    bad, undone = release(2, 10, 2), release(3, 9, 1, "rollback")
    found = failing(release(1, 90, 1), bad, undone, release(4, 4, 4, repairs=2))
    assert found == (1 / 2, 24)


def test_failure_rate__repaired_then_rolled_back__fails_both_each_from_its_own_start() -> None:
    """The repair, release 3, is undone by a rollback to what was before the bad release."""
    bad, repair = release(2, 10, 2), release(3, 8, 3, repairs=2)
    found = failing(release(1, 90, 1), bad, repair, release(4, 7, 1, "rollback"))
    assert found == (1.0, (48 + 24) / 2)


def test_failure_rate__repaired_after_it_was_published_before_the_period__restores_in_it() -> None:
    """Its failure belongs to the period before; of the one publication here, none failed."""
    releases = [release(1, 90, 1), release(2, 40, 2), release(3, 20, 3, repairs=2)]
    assert failing(*releases) == (0, 20 * 24)
    assert value_of("change_failure_rate", history(*releases), WINDOW.preceding) == 1


def test_failure_rate__break_glass_that_names_what_it_repairs__leaves_the_release_between() -> None:
    bad, fine = release(2, 10, 2), release(3, 9, 3)
    found = failing(release(1, 90, 1), bad, fine, release(4, 8, 4, "break_glass", repairs=2))
    assert found == (1 / 3, 48)


def test_failure_rate__of_every_history_of_three_releases__is_a_share() -> None:
    named = [(kind, content, back) for kind in KINDS for content in (1, 2) for back in (0, 1, 2)]
    for steps in itertools.product(named, repeat=3):
        releases = [
            release(number, 27 - 2 * number, content, kind, repairs=number - back if back else None)
            for number, (kind, content, back) in enumerate(steps, start=1)
        ]
        rate = value_of("change_failure_rate", history(*releases), WINDOW)
        assert rate is None or 0 <= rate <= 1


@pytest.mark.parametrize("name", LOOKING_BACK)
@pytest.mark.parametrize("period", PERIODS)
def test_series__of_a_rate__ends_with_the_value_that_the_table_shows(
    period: str, name: str
) -> None:
    window = window_of(period, NOW)
    assert series_of(name, HISTORY, window)[-1][1] == value_of(name, HISTORY, window)


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


def test_series__of_the_frequency__looks_back_as_far_as_the_period_from_each_day() -> None:
    points = series_of("change_frequency", HISTORY, WINDOW)
    assert len(points) == 28
    assert points[-1][1] == 3 / 4
    assert {value for _, value in series_of("change_frequency", HISTORY, window_of("7d", NOW))} == {
        0,
        1,
    }


@pytest.mark.parametrize("period", PERIODS)
def test_window__of_any_period__meets_each_weekday_with_its_own_and_holds_now(period: str) -> None:
    window = window_of(period, NOW)
    assert window.holds(NOW)
    assert window.preceding.end <= window.start
    assert window.start - window.preceding.end < 7 * DAY
    assert (window.start - window.preceding.start) % (7 * DAY) == datetime.timedelta()
    assert len(window.buckets) == len(window.preceding.buckets)
    assert window.buckets[-1] + window.step == window.end
