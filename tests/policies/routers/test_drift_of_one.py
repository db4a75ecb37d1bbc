"""Drift is of routers that stay behind: no publication ends it, and no taking of turns makes it."""

from __future__ import annotations

import datetime

import pytest

from policies.models import AuditEvent, DriftEpisode, Release, RouterInstance
from policies.services.routers.convergence import fleet_of
from policies.services.routers.watching import drift_of, watch_fleets
from tests.policies.routers.fleet_cast import MINUTE, SECOND, Routers

pytestmark = pytest.mark.postgres


@pytest.fixture
def routers(plane: Routers, release: Release) -> Routers:
    """Two have the release; the third has none."""
    plane.now = release.published_at - 20 * SECOND
    for name in ("eu-1", "eu-2", "us-1"):
        plane.say(name, None)
    plane.now = release.published_at + SECOND
    for name in ("eu-1", "eu-2"):
        plane.say(name, release)
    return plane


def stay_behind(routers: Routers, minutes: int) -> None:
    for _ in range(minutes):
        routers.now += MINUTE
        routers.say("us-1", None)
        watch_fleets(routers.now)


def replaced(release: Release, at: datetime.datetime) -> Release:
    """The same content, in force under the next number from then on."""
    Release.objects.filter(pk=release.pk).update(retired_at=at)
    following = Release.objects.get(pk=release.pk)
    following.pk, following.number = None, release.number + 1
    following.retired_at, following.published_at, following.delivered_at = None, at, None
    following.save(force_insert=True)
    return following


def told(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


def test_next_release__ends_no_drift_of_a_router_that_still_has_none(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    assert told("fleet.drifted") == 1
    replaced(release, routers.now + 5 * SECOND)
    routers.now += 20 * SECOND
    routers.say("us-1", None)
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 0
    assert fleet_of(release.environment, routers.now).drifting == 1


def test_router_without_a_release__is_told_though_releases_come_every_ten_minutes(
    routers: Routers, release: Release
) -> None:
    current = release
    for _ in range(3):
        stay_behind(routers, 10)
        current = replaced(current, routers.now + 5 * SECOND)
        routers.now += 20 * SECOND
        routers.say("us-1", None)
        watch_fleets(routers.now)
    assert told("fleet.drifted") == 1
    episode = drift_of(release.environment)
    assert episode is not None and episode.began_at == release.published_at + 61 * SECOND


def test_routers_that_take_turns__each_behind_for_a_moment__are_no_drift(
    routers: Routers, release: Release
) -> None:
    routers.say("us-1", release)
    for minute in range(14):
        routers.now += MINUTE
        name, other = ("eu-1", "eu-2") if minute % 2 else ("eu-2", "eu-1")
        routers.say(other, release)
        routers.say(name, None)
        watch_fleets(routers.now)
        routers.now += SECOND
        routers.say(name, release)
    assert told("fleet.drifted") == 0


def test_router_that_comes_right__ends_it_and_begins_anew_the_next_time(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    routers.now += MINUTE
    routers.say("us-1", release)
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 0
    routers.now += 2 * MINUTE
    routers.say("us-1", release)
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 1
    stay_behind(routers, 1)
    assert DriftEpisode.objects.get(ended_at=None).began_at == routers.now
    assert told("fleet.drifted") == 1


def test_silent_router__is_not_counted_as_behind_but_is_where_it_comes_back_behind(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 5)
    since = DriftEpisode.objects.get().began_at
    routers.now += 10 * MINUTE
    watch_fleets(routers.now)
    assert not DriftEpisode.objects.filter(ended_at=None).exists()
    stay_behind(routers, 1)
    assert DriftEpisode.objects.get(ended_at=None).began_at == since


def test_second_router_under_the_id_of_one_that_is_behind__does_not_end_drift(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    for _ in range(4):
        routers.now += 15 * SECOND
        routers.say("us-1", None, started_at=(release.published_at - MINUTE).isoformat())
        routers.now += 15 * SECOND
        routers.say("us-1", release, started_at=(release.published_at + MINUTE).isoformat())
        watch_fleets(routers.now)
    assert RouterInstance.objects.get(instance_id="us-1").shared_since is not None
    assert told("fleet.drift_ended") == 0
    assert DriftEpisode.objects.filter(ended_at=None).exists()
    assert fleet_of(release.environment, routers.now).drifting == 1


def test_router_that_is_left_alone_under_an_id_with_the_release__ends_drift(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    routers.share("us-1", release)
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 0
    started = (routers.now - MINUTE).isoformat()
    for _ in range(20):
        routers.now += 30 * SECOND
        routers.say("us-1", release, started_at=started)
        watch_fleets(routers.now)
    assert RouterInstance.objects.get(instance_id="us-1").shared_since is None
    assert fleet_of(release.environment, routers.now).drifting == 0
    assert told("fleet.drift_ended") == 1
    assert not DriftEpisode.objects.filter(ended_at=None).exists()


def test_goodbye_in_the_name_of_one_that_is_behind__does_not_end_drift(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    since = DriftEpisode.objects.get().began_at
    later = (release.published_at + MINUTE).isoformat()
    routers.now += 15 * SECOND
    routers.say("us-1", release, started_at=later)
    routers.now += SECOND
    routers.say("us-1", release, started_at=later, ended=True)
    watch_fleets(routers.now)
    routers.now += 15 * SECOND
    routers.say("us-1", None)
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 0
    assert DriftEpisode.objects.get().began_at == since
    routers.now += 10 * MINUTE
    for _ in range(7):
        routers.now += 30 * SECOND
        routers.say("us-1", None)
    watch_fleets(routers.now)
    behind = RouterInstance.objects.get(instance_id="us-1")
    assert behind.shared_since is None and behind.behind_since == since


def test_goodbye_of_one_that_is_behind__ends_drift_once_nobody_is_heard_of(
    routers: Routers, release: Release
) -> None:
    stay_behind(routers, 20)
    routers.now += 15 * SECOND
    routers.say("us-1", None, ended=True)
    watch_fleets(routers.now)
    routers.now += MINUTE
    watch_fleets(routers.now)
    assert told("fleet.drift_ended") == 1
    assert RouterInstance.objects.get(instance_id="us-1").behind_since is None
