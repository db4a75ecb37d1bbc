"""Who runs what: each standing, how a release spread, when it counts as delivered, drift told."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User

from policies.fleet.standing import Standing
from policies.fleet.wording import clock_words
from policies.models import (
    AuditEvent,
    DriftEpisode,
    Environment,
    Notification,
    Release,
    RouterToken,
)
from policies.services.news.news import tell_news
from policies.services.routers.convergence import convergence_of, fleet_of, spread_of
from policies.services.routers.instances import Wanted, groups_of, instances_of, standings_of
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.routers.fleet_cast import SECOND, Routers

MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
pytestmark = pytest.mark.postgres


@pytest.fixture
def token(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "eu", acting_user=owner)[0]


@pytest.fixture
def routers(token: RouterToken, release: Release) -> Routers:
    """Three that ran when the release was published; two have it after 1 and 5 seconds."""
    found = Routers(token, release.published_at - 20 * SECOND)
    for name in ("eu-1", "eu-2", "us-1"):
        found.say(name, None)
    for name, seconds in (("eu-1", 1), ("eu-2", 5)):
        found.now = release.published_at + seconds * SECOND
        found.say(name, release)
    return found


def trouble(routers: Routers, release: Release) -> dict[str, list[str]]:
    """Router → what is the matter with it."""
    fleet = fleet_of(release.environment, routers.now)
    return {
        row.instance_id: [str(standing) for standing, _ in standings_of(row)]
        for row in instances_of(fleet, Wanted())
    }


def test_fleet__while_one_is_missing__says_who_has_it_since_when(
    routers: Routers, release: Release
) -> None:
    spread = spread_of(release, routers.now)
    last = release.published_at + 5 * SECOND
    assert spread.sentence == f"2 of 3 routers have it, the last one since {last:%H:%M}."
    found = convergence_of(release, routers.now)
    assert (found.arrived, found.waiting, found.p50_s, found.p99_s) == (2, 3, 5.0, None)


def test_fleet__within_thirty_seconds__has_no_stragglers(
    routers: Routers, release: Release
) -> None:
    routers.now = release.published_at + 29 * SECOND
    routers.say("us-1", None)
    assert "straggling" not in trouble(routers, release)["us-1"]
    routers.now = release.published_at + 31 * SECOND
    assert trouble(routers, release)["us-1"] == ["straggling", "empty"]
    assert trouble(routers, release)["eu-1"] == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"active": {"number": 1, "digest": "sha256:" + "f" * 64}}, ["unknown", "straggling"]),
        ({"clock": "2026-01-01T00:00:00Z"}, ["straggling", "empty", "skewed"]),
    ],
)
def test_router__that_reports_something_odd__is_told_apart(
    routers: Routers, release: Release, said: dict[str, object], found: list[str]
) -> None:
    routers.now = release.published_at + 40 * SECOND
    routers.say("us-1", None, **said)
    assert trouble(routers, release)["us-1"] == found


def test_router__with_content_of_here_under_a_number_of_elsewhere__is_on_something_else(
    routers: Routers, release: Release
) -> None:
    """As one whose token is of another environment than its releases, with the same content."""
    routers.now = release.published_at + 40 * SECOND
    elsewhere = {"number": release.number + 11, "digest": release.bundle.digest}
    routers.say("us-1", None, active=elsewhere)
    assert trouble(routers, release)["us-1"] == ["unknown", "straggling"]


def test_router__with_errors__is_failing_until_they_are_old(
    routers: Routers, release: Release
) -> None:
    error = {"kind": "refused_release", "message": "bad signature"}
    routers.say("eu-1", release, errors=[{**error, "at": routers.now.isoformat()}])
    assert trouble(routers, release)["eu-1"] == ["failing"]
    long_ago = (routers.now - 11 * MINUTE).isoformat()
    routers.say("eu-1", release, errors=[{**error, "at": long_ago}])
    assert trouble(routers, release)["eu-1"] == []


def test_router__that_missed_three_reports__is_silent_then_gone(
    routers: Routers, release: Release
) -> None:
    routers.now = release.published_at + 95 * SECOND
    routers.say("us-1", release)
    assert trouble(routers, release)["eu-1"] == ["silent"]
    routers.now += DAY + MINUTE
    routers.say("us-1", release)
    fleet = fleet_of(release.environment, routers.now)
    assert (fleet.routers, fleet.gone, fleet.counts[Standing.SILENT]) == (1, 2, 0)
    assert [row.instance_id for row in instances_of(fleet, Wanted(state="gone"))] == [
        "eu-1",
        "eu-2",
    ]
    assert spread_of(release, routers.now).routers == 1


def test_release__past_its_lifetime__makes_routers_stale(
    routers: Routers, release: Release
) -> None:
    routers.now = release.not_after + SECOND
    routers.say("eu-1", release)
    assert trouble(routers, release)["eu-1"] == ["stale"]


def test_groups__by_release_region_and_client__count_who_has_it(
    routers: Routers, release: Release
) -> None:
    routers.say("ap-1", release, labels={}, client={"name": "x", "version": "2"})
    groups = groups_of(fleet_of(release.environment, routers.now))
    assert [(g.value, g.routers, g.have) for g in groups.by_release] == [("1", 3, 3), ("", 1, 0)]
    assert groups.by_release[0].release == release
    assert [(g.value, g.routers, g.have) for g in groups.by_region] == [("eu", 3, 2), ("", 1, 1)]
    assert [(g.value, g.detail) for g in groups.by_version] == [
        ("1.2.0", "routing-console-client"),
        ("2", "x"),
    ]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(release=1), {"eu-1", "eu-2"}),
        (Wanted(search="US"), {"us-1"}),
        (Wanted(state="current", region="eu"), {"eu-1", "eu-2"}),
        (Wanted(version="9"), set()),
        (Wanted(state="empty"), {"us-1"}),
    ],
)
def test_instances__asked_for_by_what_they_have__are_those(
    routers: Routers, release: Release, wanted: Wanted, names: set[str]
) -> None:
    fleet = fleet_of(release.environment, routers.now)
    assert {row.instance_id for row in instances_of(fleet, wanted)} == names


# --- Delivered, and drift ----------------------------------------------------------------
def test_release__when_all_routers_have_it__counts_as_delivered_since_the_last(
    routers: Routers, release: Release
) -> None:
    watch_fleets(routers.now)
    release.refresh_from_db()
    assert release.delivered_at is None
    routers.now = release.published_at + 9 * SECOND
    routers.say("us-1", release)
    watch_fleets(routers.now + MINUTE)
    release.refresh_from_db()
    assert release.delivered_at == routers.now


def test_release__while_routers_are_not_heard__is_not_delivered_by_forgetting_them(
    routers: Routers, release: Release
) -> None:
    """As when a plane is cut off from the database, or the console was down for long."""
    routers.now += 6 * HOUR
    routers.say("eu-1", release)
    watch_fleets(routers.now)
    release.refresh_from_db()
    fleet = fleet_of(release.environment, routers.now)
    assert release.delivered_at is None and (fleet.routers, fleet.gone) == (3, 0)
    assert fleet.spread is not None and fleet.spread.unheard == 1
    before = release.published_at - 20 * SECOND
    heard = clock_words(before, routers.now)
    assert fleet.spread.sentence.endswith(f"; 1 not heard since {heard}.")
    assert trouble(routers, release)["us-1"] == ["empty", "silent"]


def test_router__that_says_goodbye__counts_no_more_at_once_until_it_is_back(
    routers: Routers, release: Release
) -> None:
    routers.say("us-1", None, ended=True)
    fleet = fleet_of(release.environment, routers.now)
    assert (fleet.routers, fleet.gone) == (2, 1)
    assert [row.instance_id for row in instances_of(fleet, Wanted(state="gone"))] == ["us-1"]
    watch_fleets(routers.now)
    release.refresh_from_db()
    assert release.delivered_at is not None
    routers.now += HOUR
    routers.say("us-1", release)
    assert fleet_of(release.environment, routers.now).routers == 3
    assert convergence_of(release, routers.now).waiting == 2  # it waited for nothing


def test_token__of_a_router_that_said_goodbye__keeps_no_release_waiting(
    routers: Routers, release: Release, owner: User
) -> None:
    other = issue_router_token(release.environment, "us", acting_user=owner)[0]
    routers.say("us-1", None, ended=True)
    leaving = Routers(other, routers.now)
    leaving.say("us-2", None, ended=True)
    before = published_before(release)
    rows = RouterToken.objects.filter(pk=other.pk)
    rows.update(fetched_release=before, last_used_at=routers.now)
    assert fleet_of(release.environment, routers.now).is_delivered


def test_token__not_used_for_hours__is_waited_for_as_it_may_be_cut_off(
    routers: Routers, release: Release, owner: User
) -> None:
    routers.say("us-1", release)
    older = issue_router_token(release.environment, "old routers", acting_user=owner)[0]
    before = published_before(release)
    rows = RouterToken.objects.filter(pk=older.pk)
    rows.update(fetched_release=before, last_used_at=routers.now - 6 * HOUR)
    assert not fleet_of(release.environment, routers.now).is_delivered
    rows.update(last_used_at=routers.now - DAY - MINUTE)
    assert fleet_of(release.environment, routers.now).is_delivered


def test_release__when_its_share_has_it__counts_as_delivered(
    routers: Routers, release: Release
) -> None:
    Environment.objects.filter(pk=release.environment_id).update(delivered_share=60)
    watch_fleets(routers.now)
    release.refresh_from_db()
    assert release.delivered_at == release.published_at + 5 * SECOND


def test_release__that_one_reports_while_others_only_fetch__is_not_delivered_by_its_word(
    routers: Routers, release: Release, owner: User
) -> None:
    routers.say("us-1", release)
    older = issue_router_token(release.environment, "old routers", acting_user=owner)[0]
    before = published_before(release)
    rows = RouterToken.objects.filter(pk=older.pk)
    rows.update(fetched_release=before, last_used_at=routers.now)
    watch_fleets(routers.now)
    release.refresh_from_db()
    assert release.delivered_at is None
    rows.update(fetched_release=release)
    watch_fleets(routers.now + 2 * MINUTE)
    release.refresh_from_db()
    assert release.delivered_at is not None


def published_before(release: Release) -> Release:
    """A release of the same environment that was in force earlier."""
    before = Release.objects.get(pk=release.pk)
    before.pk, before.number, before.retired_at = None, release.number + 1, release.published_at
    before.save(force_insert=True)
    return before


def behind_for(routers: Routers, minutes: int) -> None:
    """us-1 reports on without the release. Watched every minute."""
    for _ in range(minutes):
        routers.now += MINUTE
        routers.say("us-1", None)
        watch_fleets(routers.now)


def test_drift__that_lasts__is_told_once_and_its_end_too(
    routers: Routers, release: Release, owner: User
) -> None:
    behind_for(routers, 10)
    assert not AuditEvent.objects.filter(action="fleet.drifted").exists()
    behind_for(routers, 20)
    row = AuditEvent.objects.get(action="fleet.drifted")
    assert row.workflow == release.workflow and row.actor is None
    assert row.detail["behind"] == 1 and row.detail["release"] == release.number
    tell_news()
    told = Notification.objects.get(recipient=owner, event="fleet.drift")
    assert told.sentence == "Routers of Support assistant in staging do not run its release"
    assert told.path == "/w/support-assistant/fleet/?env=staging"
    routers.say("us-1", release)
    routers.now += MINUTE
    watch_fleets(routers.now)
    watch_fleets(routers.now)
    assert AuditEvent.objects.filter(action="fleet.drift_ended").count() == 1
    assert DriftEpisode.objects.get().ended_at == routers.now


def test_drift__whose_router_falls_silent__is_over_and_says_that_it_is_not_heard(
    routers: Routers, release: Release
) -> None:
    behind_for(routers, 20)
    heard = routers.now
    routers.now += HOUR
    watch_fleets(routers.now)
    ended = AuditEvent.objects.get(action="fleet.drift_ended")
    assert f"; 1 not heard since {clock_words(heard, routers.now)}" in ended.detail["reason"]


def test_drift__that_passes__is_not_told(routers: Routers, release: Release) -> None:
    behind_for(routers, 5)
    routers.say("us-1", release)
    watch_fleets(routers.now)
    assert DriftEpisode.objects.get().ended_at == routers.now
    assert not AuditEvent.objects.filter(action__startswith="fleet.").exists()
