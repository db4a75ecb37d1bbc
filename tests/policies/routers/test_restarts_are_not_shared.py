"""What looks like two routers under one instance_id and is one: restarts, clocks that are set,
other clients' ways of telling their start, reports that are given again."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from policies.delivery.status import StatusBatch
from policies.models import (
    Environment,
    Release,
    RouterInstance,
    RouterToken,
)
from policies.services.routers.convergence import fleet_of
from policies.services.routers.fleet import keep_statuses
from tests.policies.fleet.reports import heard
from tests.policies.routers.fleet_cast import HOUR, SECOND, Process, Routers, is_flagged, take_turns

MINUTE = datetime.timedelta(minutes=1)
pytestmark = pytest.mark.postgres


def test_restarts__one_after_the_other__are_never_flagged(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    at = start
    for number in range(20):
        process = Process((plane, other_plane)[number % 2], release, at)
        at = take_turns(process, start=at + SECOND) + 7 * SECOND
        assert not is_flagged()
    assert fleet_of(release.environment, at).is_delivered


def test_id__of_a_router_that_said_goodbye__may_be_taken_by_an_elder(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    """A client that is closed and started again keeps its start, and takes an id that is free."""
    elder, ended = Process(plane, release, start), Process(plane, release, start + HOUR)
    ended.says(start + HOUR + SECOND)
    ended.says(start + HOUR + 2 * SECOND, ended=True)
    take_turns(elder, start=start + 2 * HOUR)
    assert not is_flagged()


def test_goodbye__that_comes_after_the_next_start__neither_flags_nor_ends_it(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    before, after = Process(plane, None, start), Process(other_plane, release, start + HOUR)
    before.says(start + SECOND)
    after.says(start + HOUR + SECOND)
    before.says(start + HOUR + 2 * SECOND, ended=True)
    row = RouterInstance.objects.get(instance_id="node")
    assert (row.has_ended, row.active_number, row.shared_since) == (False, release.number, None)


@pytest.mark.parametrize("step", [10 * MINUTE, -10 * MINUTE])
def test_clock__set_while_a_router_runs__flags_nothing(
    plane: Routers, release: Release, start: datetime.datetime, step: datetime.timedelta
) -> None:
    process = Process(plane, release, start)
    began = start.isoformat()
    for number in range(6):
        off = step if number >= 3 else 0 * SECOND
        at = start + MINUTE + number * 30 * SECOND
        process.says(at, started_at=began, clock=(at + off).isoformat())
        assert not is_flagged()


def test_restart__with_a_clock_set_back__is_not_flagged(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    before = Process(plane, release, start)
    after = Process(plane, release, start + MINUTE, -10 * MINUTE)
    at = take_turns(before, start=start + SECOND, rounds=2)
    assert at < after.started
    take_turns(after, start=after.started + SECOND)
    assert not is_flagged()


def test_restart__whose_clock_was_set_forward_before_it_first_reported__is_flagged_for_minutes(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    """It says that it started ten minutes ago, when the one before did not run yet."""
    take_turns(Process(plane, release, start), start=start + SECOND, rounds=2)
    after = Process(plane, release, start - 9 * MINUTE)
    at = take_turns(after, start=start + MINUTE + SECOND, rounds=5)
    assert is_flagged()
    at = take_turns(after, start=at + 30 * SECOND, rounds=3)
    assert not is_flagged() and fleet_of(release.environment, at).is_delivered


@pytest.mark.parametrize(
    "told_at",
    [
        lambda start, number: start - HOUR,
        lambda start, number: start + number * 30 * SECOND,
        lambda start, number: start.replace(microsecond=0) + number % 2 * SECOND,
        lambda start, number: start.replace(microsecond=5000 + number % 2 * 1000),
    ],
    ids=["constant", "now", "rounded to seconds", "rounded to milliseconds"],
)
def test_start__told_in_the_ways_of_other_clients__is_not_flagged(
    plane: Routers,
    release: Release,
    start: datetime.datetime,
    told_at: Callable[[datetime.datetime, int], datetime.datetime],
) -> None:
    process = Process(plane, release, start)
    for number in range(10):
        started_at = told_at(start, number).isoformat()
        process.says(start + number * 30 * SECOND, started_at=started_at)
        assert not is_flagged()


def test_reports__given_again_or_late__flag_nothing(
    staging: Environment, token: RouterToken, start: datetime.datetime
) -> None:
    def told(began: datetime.datetime, at: datetime.datetime) -> StatusBatch:
        report = heard(staging.pk, token.pk, "node", at=at, started_at=began.isoformat())
        return StatusBatch((report,), ())

    before = told(start, start + MINUTE)
    after = told(start + 2 * MINUTE, start + 3 * MINUTE)
    for batch in (before, before, after, before, after, before, after):
        keep_statuses(batch)
    row = RouterInstance.objects.get()
    assert row.shared_since is None and row.last_seen_at == start + 3 * MINUTE
