"""Whoever has a token that reports says goodbye in the name of a router that runs on."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.models import DriftEpisode, Release, RouterInstance
from policies.services.routers.convergence import fleet_of
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.routers.fleet_cast import HOUR, SECOND, Process, Routers, is_flagged

pytestmark = pytest.mark.postgres


@pytest.fixture
def stolen(release: Release, start: datetime.datetime, owner: User) -> Routers:
    """A plane that another token's reports come to."""
    return Routers(issue_router_token(release.environment, "stolen", acting_user=owner)[0], start)


Act = Callable[[Routers, Release, datetime.datetime], None]


def reports_each(
    plane: Routers, release: Release, start: datetime.datetime, act: Act
) -> list[tuple[int, bool]]:
    """A router without the release reports six times, and after each report something is done
    in its name: how many routers there are, and whether the release is delivered, each time."""
    behind, at, seen = Process(plane, None, start), start + 2 * HOUR, []
    for _ in range(6):
        at += 30 * SECOND
        plane.now = at
        plane.say("other", release)
        behind.says(at)
        act(plane, release, at)
        watch_fleets(at + 10 * SECOND)
        fleet = fleet_of(release.environment, at + 10 * SECOND)
        seen.append((fleet.routers, fleet.is_delivered))
    release.refresh_from_db()
    return seen


def goodbye(thief: Routers, release: Release, at: datetime.datetime) -> None:
    Process(thief, None, at).says(at + SECOND, ended=True)


def takeover(thief: Routers, release: Release, at: datetime.datetime) -> None:
    false = Process(thief, release, at)
    false.says(at + SECOND)
    false.says(at + 9 * SECOND, ended=True)


def takeover_by_two(thief: Routers, release: Release, at: datetime.datetime) -> None:
    """The last one of two says goodbye, and the clock of the first is years behind."""
    Process(thief, release, at, -9000 * HOUR).says(at + SECOND)
    false = Process(thief, release, at + 2 * SECOND)
    false.says(at + 3 * SECOND)
    false.says(at + 9 * SECOND, ended=True)


def test_goodbye__of_a_process_never_heard_of__ends_nobody(
    plane: Routers,
    stolen: Routers,
    release: Release,
    start: datetime.datetime,
    settings: Any,
) -> None:
    settings.DRIFT_AFTER_S = 120
    by = lambda _, release, at: goodbye(stolen, release, at)  # noqa: E731
    assert set(reports_each(plane, release, start, by)) == {(2, False)}
    assert release.delivered_at is None
    assert DriftEpisode.objects.filter(ended_at=None).exclude(told_at=None).exists()
    assert not is_flagged()


def test_goodbye__of_a_process_never_heard_of__where_the_other_reports__is_flagged(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    assert set(reports_each(plane, release, start, goodbye)) == {(2, False)}
    assert release.delivered_at is None and is_flagged()


@pytest.mark.parametrize("act", [takeover, takeover_by_two])
def test_process__that_ends_after_it_took_an_id__flags_whose_it_was(
    plane: Routers, stolen: Routers, release: Release, start: datetime.datetime, act: Act
) -> None:
    seen = reports_each(plane, release, start, lambda _, of, at: act(stolen, of, at))
    assert set(seen[1:]) == {(2, False)}
    assert release.delivered_at is None and is_flagged()


def test_goodbye__that_hides_each_report_from_the_database__is_flagged(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    """A batch holds but the latest word of an instance."""
    Process(plane, None, start).says(start + HOUR)
    keep, held = plane.desk.hand_on, start + HOUR
    for number in range(1, 5):
        at = held + number * 30 * SECOND
        plane.desk.hand_on = lambda: True  # type: ignore[method-assign]
        Process(plane, None, start).says(at)
        plane.desk.hand_on = keep  # type: ignore[method-assign]
        goodbye(plane, release, at)
    assert is_flagged() and fleet_of(release.environment, plane.now).routers == 1


def test_goodbye__of_a_process_that_ran_while_the_database_was_away__counts(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    Process(plane, None, start).says(start + SECOND)
    after = Process(plane, release, start + HOUR)
    keep = plane.desk.hand_on
    plane.desk.hand_on = lambda: True  # type: ignore[method-assign]
    after.says(start + HOUR + SECOND)
    plane.desk.hand_on = keep  # type: ignore[method-assign]
    after.says(start + 2 * HOUR, ended=True)
    row = RouterInstance.objects.get()
    assert row.has_ended and row.shared_since is None


def test_goodbye__with_a_start_off_by_a_rounding__counts(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    began = start.replace(microsecond=0)
    Process(plane, release, began).says(start + HOUR)
    Process(plane, release, began + SECOND).says(start + HOUR + SECOND, ended=True)
    assert RouterInstance.objects.get().has_ended
