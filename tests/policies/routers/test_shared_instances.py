"""Two routers that report under one instance_id: noticed on every way in, and what holds then."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.fleet.standing import Standing
from policies.models import (
    DriftEpisode,
    Release,
    ReleaseArrival,
    RouterInstance,
)
from policies.services.routers.convergence import convergence_of, fleet_of, spread_of
from policies.services.routers.instances import Wanted, groups_of, instances_of, standings_of
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.fleet.reports import body
from tests.policies.routers.fleet_cast import HOUR, SECOND, Process, Routers, is_flagged, take_turns

MINUTE = datetime.timedelta(minutes=1)
pytestmark = pytest.mark.postgres


@pytest.fixture
def lone(plane: Routers, release: Release, start: datetime.datetime) -> Routers:
    """Another router of the fleet, which has the release."""
    plane.now = start
    plane.say("other", release)
    return plane


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


def test_two_routers__that_tell_the_ends_of_time__are_flagged(
    plane: Routers, release: Release, start: datetime.datetime
) -> None:
    for day in (1, 9, 1, 9):
        plane.now += SECOND
        began = f"0001-01-0{day}T00:00:00+00:00"
        plane.say("node", release, started_at=began, clock="9999-12-31T23:59:59+00:00")
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


def test_second_router__before_it_was_noticed__had_claimed_what_is_taken_back(
    lone: Routers, release: Release, start: datetime.datetime
) -> None:
    behind, second = Process(lone, None, start), Process(lone, release, start + HOUR)
    behind.says(start + SECOND)
    lone.say("other", release)
    second.says(start + HOUR + SECOND)
    watch_fleets(lone.now)
    assert Release.objects.exclude(delivered_at=None).exists()
    assert ReleaseArrival.objects.filter(instance_id="node").exists()
    behind.says(start + HOUR + 20 * SECOND)
    watch_fleets(lone.now)
    assert not Release.objects.exclude(delivered_at=None).exists()
    assert ReleaseArrival.objects.get().instance_id == "other"


def test_second_router__started_after_a_release_was_delivered__takes_nothing_back(
    lone: Routers, release: Release, start: datetime.datetime
) -> None:
    first, second = Process(lone, release, start), Process(lone, release, start + HOUR)
    first.says(start + SECOND)
    watch_fleets(lone.now)
    take_turns(second, first, start=start + HOUR + SECOND)
    release.refresh_from_db()
    assert is_flagged() and release.delivered_at is not None
    assert ReleaseArrival.objects.filter(instance_id="node").exists()


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
