"""Which of two reports is the later one: planes' clocks differ, and are set."""

from __future__ import annotations

import datetime

import pytest

from policies.models import Release, RouterInstance
from policies.services.routers.convergence import fleet_of
from tests.policies.routers.fleet_cast import HOUR, MINUTE, SECOND, Routers

pytestmark = pytest.mark.postgres


def active() -> int | None:
    return RouterInstance.objects.get(instance_id="us-1").active_number


def test_plane_whose_clock_is_ahead__hides_no_report_that_another_takes(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    other_plane.now = start + 10 * MINUTE
    other_plane.say("us-1", None, clock=start.isoformat(), started_at=start.isoformat())
    plane.now = start + SECOND
    plane.say("us-1", release, started_at=start.isoformat())
    assert active() == release.number


def test_console_whose_clock_was_set_back__goes_on_with_what_is_said_then(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    began = (start - HOUR).isoformat()
    plane.say("us-1", release, started_at=began)
    plane.now = start - HOUR / 2
    plane.say("us-1", None, clock=(start + SECOND).isoformat(), started_at=began)
    assert active() is None
    assert not fleet_of(release.environment, plane.now).is_delivered


def test_router_whose_clock_was_set_back__is_believed(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    began = (start - HOUR).isoformat()
    plane.say("us-1", release, started_at=began)
    plane.now = start + SECOND
    plane.say("us-1", None, clock=(start - HOUR).isoformat(), started_at=began)
    assert active() is None


def test_older_report_of_the_same_process__given_late__changes_nothing(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    began = (start - HOUR).isoformat()
    plane.now = start + MINUTE
    plane.say("us-1", release, started_at=began)
    other_plane.say("us-1", None, started_at=began)
    assert active() == release.number


def test_process_that_ended__heard_late__does_not_replace_the_one_that_came_after_it(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    plane.now = start + MINUTE
    plane.say("us-1", release, started_at=(start + 30 * SECOND).isoformat())
    other_plane.say("us-1", None, started_at=(start - HOUR).isoformat())
    assert active() == release.number
