"""Two routers that report under one instance_id: noticed on every way in, and no false alarm."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.delivery.status import StatusBatch
from policies.fleet.standing import Standing
from policies.models import (
    DriftEpisode,
    Environment,
    Release,
    ReleaseArrival,
    RouterInstance,
    RouterToken,
)
from policies.services.routers.convergence import convergence_of, fleet_of, spread_of
from policies.services.routers.fleet import keep_statuses
from policies.services.routers.instances import Wanted, groups_of, instances_of, standings_of
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.fleet.reports import body, heard
from tests.policies.routers.fleet_cast import SECOND, Routers

MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
pytestmark = pytest.mark.postgres


class Process:
    """One start of a router, whose clock is off by `off`; it reports through one plane."""

    def __init__(
        self,
        plane: Routers,
        release: Release | None,
        started: datetime.datetime,
        off: datetime.timedelta = datetime.timedelta(0),
    ) -> None:
        self.plane, self.release, self.started, self.off = plane, release, started, off

    def says(self, at: datetime.datetime, **members: Any) -> None:
        self.plane.now = at
        told = {
            "clock": (at + self.off).isoformat(),
            "started_at": (self.started + self.off).isoformat(),
            "adopted_at": (at + self.off).isoformat(),
        }
        self.plane.say("node", self.release, **told | members)


@pytest.fixture
def token(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "eu", acting_user=owner)[0]


@pytest.fixture
def start(release: Release) -> datetime.datetime:
    """An hour after the release was published."""
    return release.published_at + HOUR


@pytest.fixture
def plane(token: RouterToken, start: datetime.datetime) -> Routers:
    return Routers(token, start)


@pytest.fixture
def other_plane(token: RouterToken, start: datetime.datetime) -> Routers:
    return Routers(token, start)


@pytest.fixture
def lone(plane: Routers, release: Release, start: datetime.datetime) -> Routers:
    """Another router of the fleet, which has the release."""
    plane.now = start
    plane.say("other", release)
    return plane


def is_flagged() -> bool:
    return RouterInstance.objects.get(instance_id="node").shared_since is not None


def take_turns(*processes: Process, start: datetime.datetime, rounds: int = 3) -> datetime.datetime:
    """Each reports every 30 seconds, evenly spread; when the last one did."""
    step = 30 * SECOND / len(processes)
    for number in range(rounds * len(processes)):
        at = start + number * step
        processes[number % len(processes)].says(at)
    return at


# --- Noticed -------------------------------------------------------------------------------
@pytest.mark.parametrize("off_s", [0, 3000, -3000])
@pytest.mark.parametrize("apart_s", [0.3, 3600])
def test_two_routers__under_one_id__are_flagged_and_confirm_nothing(
    lone: Routers, release: Release, start: datetime.datetime, off_s: int, apart_s: float
) -> None:
    behind = Process(lone, None, start, off_s * SECOND)
    has_it = Process(lone, release, start + apart_s * SECOND)
    at = take_turns(behind, has_it, start=start + 2 * HOUR)
    assert RouterInstance.objects.get(instance_id="node").active_number == release.number
    fleet = fleet_of(release.environment, at)
    assert is_flagged() and not fleet.is_delivered
    assert (fleet.routers, fleet.counts[Standing.CURRENT], fleet.counts[Standing.SHARED]) == (
        2,
        1,
        1,
    )
    watch_fleets(at)
    release.refresh_from_db()
    assert release.delivered_at is None


def test_two_routers__reporting_to_different_planes__are_flagged(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    elder, younger = Process(plane, None, start), Process(other_plane, release, start + HOUR)
    at = take_turns(elder, younger, start=start + 2 * HOUR)
    assert is_flagged() and not fleet_of(release.environment, at).is_delivered


def test_two_routers__with_different_tokens__are_flagged(
    plane: Routers, release: Release, start: datetime.datetime, owner: User
) -> None:
    token = issue_router_token(release.environment, "us", acting_user=owner)[0]
    younger = Process(Routers(token, start), release, start + HOUR)
    take_turns(Process(plane, None, start), younger, start=start + 2 * HOUR)
    assert is_flagged()


def test_three_routers__under_one_id__are_flagged(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    three = [Process(plane, release, start + number * MINUTE) for number in range(3)]
    take_turns(*three, start=start + 2 * HOUR)
    assert is_flagged()


def test_flag__says_since_when_and_stays_while_they_take_turns(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    two = Process(plane, None, start), Process(plane, release, start + HOUR)
    began = start + 2 * HOUR
    at = take_turns(*two, start=began, rounds=40)
    row = RouterInstance.objects.get(instance_id="node")
    assert row.shared_since == began + 30 * SECOND  # when the elder was back
    assert row.shared_until is not None and row.shared_until > at


def test_two_routers__while_the_database_is_away__are_flagged_when_it_is_back(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    """A batch holds but the latest report of an instance, which then was the same as before."""
    said = {"active": {"number": release.number, "digest": release.bundle.digest}}
    for second in range(0, 3600, 15):
        at = start + 2 * HOUR + second * SECOND
        elder = second % 30
        began = (start if elder else start + HOUR).isoformat()
        plane.now = at
        plane.desk.take(plane.token, report_of(at, began, {} if elder else said))
        if second == 0:
            assert plane.desk.hand_on()
    plane.now = at + SECOND
    plane.desk.take(plane.token, report_of(plane.now, (start + HOUR).isoformat(), said))
    assert plane.desk.hand_on()
    row = RouterInstance.objects.get(instance_id="node")
    assert (
        row.active_number == release.number and row.shared_since == start + 2 * HOUR + 15 * SECOND
    )


def report_of(at: datetime.datetime, started_at: str, said: dict[str, Any]) -> bytes:
    return body("node", at, **{"active": None, "started_at": started_at} | said)


# --- Not a false alarm ---------------------------------------------------------------------
def test_restarts__one_after_the_other__are_never_flagged(
    plane: Routers, other_plane: Routers, release: Release, start: datetime.datetime
) -> None:
    at = start
    for number in range(20):
        process = Process((plane, other_plane)[number % 2], release, at)
        at = take_turns(process, start=at + SECOND) + 7 * SECOND
        assert not is_flagged()
    assert fleet_of(release.environment, at).is_delivered


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


# --- While it is flagged, and afterwards ---------------------------------------------------
@pytest.fixture
def flagged(lone: Routers, release: Release, start: datetime.datetime) -> tuple[Process, Process]:
    """The elder without the release, the younger with it, which spoke last."""
    two = Process(lone, None, start), Process(lone, release, start + HOUR)
    take_turns(*two, start=start + 2 * HOUR)
    lone.say("other", release)
    return two


def test_flagged__is_said_in_the_sentence_and_in_no_group_and_drifts_not(
    flagged: tuple[Process, Process], release: Release
) -> None:
    now = flagged[0].plane.now
    sentence = spread_of(release, now).sentence
    assert sentence.startswith("1 of 2 routers has it")
    assert sentence.endswith("; two routers report under the instance_id node.")
    assert [
        (group.routers, group.have)
        for group in groups_of(fleet_of(release.environment, now)).by_region
    ] == [(2, 1)]
    fleet = fleet_of(release.environment, now)
    troubles = {
        row.instance_id: [str(standing) for standing, _ in standings_of(row)]
        for row in instances_of(fleet, Wanted())
    }
    assert troubles == {"node": ["shared"], "other": []}
    watch_fleets(now)
    assert not DriftEpisode.objects.exists()


def test_arrival__under_a_shared_id__is_claimed_by_neither(
    flagged: tuple[Process, Process], release: Release
) -> None:
    ReleaseArrival.objects.filter(instance_id="node").delete()
    at = flagged[0].plane.now
    for number in range(1, 5):
        flagged[number % 2].says(at + number * 15 * SECOND)
    assert not ReleaseArrival.objects.filter(instance_id="node").exists()
    assert convergence_of(release, at + MINUTE).arrived == 0


def test_flag__once_one_of_them_reports_alone__is_lifted_and_the_release_delivered(
    flagged: tuple[Process, Process], release: Release
) -> None:
    at = flagged[0].plane.now
    at = take_turns(flagged[1], start=at + 30 * SECOND, rounds=4)
    assert is_flagged()
    at = take_turns(flagged[1], start=at + 30 * SECOND, rounds=2)
    assert not is_flagged()
    watch_fleets(at)
    release.refresh_from_db()
    assert release.delivered_at is not None


def test_flag__while_both_are_silent__stays(
    flagged: tuple[Process, Process], release: Release
) -> None:
    fleet = fleet_of(release.environment, flagged[0].plane.now + 6 * HOUR)
    assert fleet.counts[Standing.SHARED] == 1 and not fleet.is_delivered


def test_goodbye__of_one_of_them__leaves_the_other(
    flagged: tuple[Process, Process], release: Release
) -> None:
    plane = flagged[0].plane
    flagged[1].says(plane.now + SECOND, ended=True)
    fleet = fleet_of(release.environment, plane.now)
    assert (fleet.routers, fleet.gone) == (2, 0) and not fleet.is_delivered
    flagged[0].says(plane.now + 20 * SECOND)
    assert not RouterInstance.objects.get(instance_id="node").has_ended


def test_goodbye__of_both__counts_once_three_reports_are_missing(
    flagged: tuple[Process, Process], release: Release
) -> None:
    plane = flagged[0].plane
    for process in flagged:
        process.says(plane.now + SECOND, ended=True)
    assert fleet_of(release.environment, plane.now + 80 * SECOND).routers == 2
    fleet = fleet_of(release.environment, plane.now + 91 * SECOND)
    assert (fleet.routers, fleet.gone) == (1, 1) and fleet.is_delivered
