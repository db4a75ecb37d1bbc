"""Whoever marks old hours without end has them summed at intervals, and all others in time."""

from __future__ import annotations

import datetime
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from evaluations.models import DirtyBucket, Grain, OutcomeRollup
from evaluations.outcomes.events import OLDEST
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.removing import remove_reported
from evaluations.services.outcomes.resting import LONGEST_REST_S, RESTS_FOR, rest_s
from evaluations.services.outcomes.rollups import hour_of, roll_up_all
from evaluations.tasks import ROLL_UP_S, roll_up_outcomes
from policies.models import Environment, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import HOUR, event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

EVERY_S = 60  # the task is queued so often
ids = count()


def told_of(
    hours: list[datetime.datetime], environment: Environment, token: RouterToken | None = None
) -> None:
    """One more request of each of the hours is reported."""
    told = [event(f"r-{next(ids)}", time=hour.isoformat()) for hour in hours]
    assert ingest(environment, told, now=timezone.now(), token=token).accepted == len(hours)


def requests(start: datetime.datetime, grain: Grain = Grain.HOUR) -> int:
    """How many are in the sums of an hour or day."""
    found = OutcomeRollup.objects.filter(grain=grain, start=start)
    return sum(row.requests for row in found)


@pytest.fixture
def this_hour() -> datetime.datetime:
    return hour_of(timezone.now())


def test_hour_of_long_ago__reported_again_at_once__is_summed_after_it_has_rested(
    staging: Environment, this_hour: datetime.datetime
) -> None:
    long_ago = this_hour - 50 * HOUR
    told_of([long_ago], staging)
    roll_up_outcomes()
    assert requests(long_ago) == 1

    told_of([long_ago], staging)
    roll_up_outcomes()
    assert requests(long_ago) == 1
    assert DirtyBucket.objects.filter(grain=Grain.HOUR, start=long_ago).exists()

    cache.clear()  # as when the time is over
    roll_up_outcomes()
    assert requests(long_ago) == requests(long_ago.replace(hour=0), Grain.DAY) == 2
    assert not DirtyBucket.objects.exists()


def test_current_hours__are_summed_in_every_run(
    staging: Environment, this_hour: datetime.datetime
) -> None:
    current = [this_hour, this_hour - HOUR]
    for run in range(1, 4):
        told_of(current, staging)
        roll_up_outcomes()
        assert [requests(hour) for hour in current] == [run, run]


def test_hour_that_rests__of_which_reports_are_removed__is_summed_in_the_next_run(
    staging: Environment,
    this_hour: datetime.datetime,
    owner: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    token, _ = issue_router_token(staging, "stolen", acting_user=owner)
    long_ago = this_hour - 50 * HOUR
    told_of([long_ago], staging)
    told_of([long_ago], staging, token)
    roll_up_outcomes()
    assert requests(long_ago) == 2

    with django_capture_on_commit_callbacks(execute=True):
        remove_reported(token, acting_user=owner)
    roll_up_outcomes()
    assert requests(long_ago) == requests(long_ago.replace(hour=0), Grain.DAY) == 1


def test_command__sums_what_rests(staging: Environment, this_hour: datetime.datetime) -> None:
    long_ago = this_hour - 50 * HOUR
    for _ in range(2):
        told_of([long_ago], staging)
        call_command("roll_up")
    roll_up_outcomes()
    told_of([long_ago], staging)
    call_command("roll_up")
    assert requests(long_ago) == 3


def test_old_hours__all_reported_again_before_each_run__are_summed_to_the_last(
    staging: Environment, this_hour: datetime.datetime
) -> None:
    day = (this_hour - 50 * HOUR).replace(hour=0)
    hours = [day + HOUR * number for number in range(6)]
    for _ in range(4):  # six hours and their day, two a run
        told_of(hours, staging)
        roll_up_all(partial(next, iter([False, False]), True), rests=True)
    assert all(requests(hour) for hour in hours)
    assert requests(day, Grain.DAY)


def test_hour_of_long_ago__whose_mark_was_waited_for__rests_no_longer_for_it(
    staging: Environment, this_hour: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time passes only while a mark is waited for, so summing takes none and nothing rests."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)

    def waits(execute: Any, sql: str, *more: Any) -> Any:
        if DirtyBucket._meta.db_table in sql and not sql.startswith("SELECT"):
            clock.now += 3600
        return execute(sql, *more)

    long_ago = this_hour - 50 * HOUR
    for told in (1, 2):
        told_of([long_ago], staging)
        with connection.execute_wrapper(waits):
            roll_up_outcomes()
        assert clock.now
        assert requests(long_ago) == requests(long_ago.replace(hour=0), Grain.DAY) == told


def test_rest__of_what_took_minutes_to_sum__is_six_hours() -> None:
    assert rest_s(0.1) == 0.1 * RESTS_FOR
    assert rest_s(600) == LONGEST_REST_S == 6 * 3600


def test_all_hours_that_may_be_reported__take_less_than_a_run_has() -> None:
    buckets = OLDEST / HOUR + OLDEST.days
    assert buckets / RESTS_FOR < ROLL_UP_S / EVERY_S
