"""Status reports as they are kept: the latest of each router, and when releases reached whom."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User

from policies.delivery.status import StatusBatch
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken
from policies.services.routers import fleet
from policies.services.routers.fleet import forget_gone, keep_statuses
from policies.services.routers.tokens import issue_router_token
from tests.policies.fleet.reports import heard
from tests.policies.routers.fleet_cast import SECOND, Routers

MINUTE = datetime.timedelta(minutes=1)
pytestmark = pytest.mark.postgres


@pytest.fixture
def token(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "eu", acting_user=owner)[0]


@pytest.fixture
def routers(token: RouterToken, release: Release) -> Routers:
    return Routers(token, release.published_at - MINUTE)


def test_report__of_a_router__is_kept_with_all_it_says(
    routers: Routers, release: Release, token: RouterToken
) -> None:
    error = {"kind": "disk", "message": "No space left", "at": routers.now.isoformat(), "count": 3}
    late = routers.now - 40 * SECOND
    routers.say("eu-1", release, errors=[error], clock=late.isoformat())
    row = RouterInstance.objects.get()
    assert (row.instance_id, row.region, row.source) == ("eu-1", "eu", "network")
    assert (row.active_number, row.active_digest) == (release.number, release.bundle.digest)
    assert row.token == token and row.environment == release.environment
    assert row.skew_ms == -40_000
    assert row.last_error_at == routers.now  # never later than it was heard
    assert row.errors[0]["message"] == "No space left"


def test_report__later__replaces_the_one_before_but_not_when_it_was_first_seen(
    routers: Routers, release: Release
) -> None:
    routers.say("eu-1", None)
    first = routers.now
    routers.now += 5 * MINUTE
    routers.say("eu-1", release)
    row = RouterInstance.objects.get()
    assert (row.active_number, row.first_seen_at) == (release.number, first)
    assert row.last_seen_at == routers.now


def test_report__older_than_the_one_kept__changes_nothing(
    staging: Environment, token: RouterToken
) -> None:
    newer, older = (
        heard(staging.pk, token.pk, at=at, source=source)
        for at, source in (
            (datetime.datetime(2026, 3, 2, 12, 1, tzinfo=datetime.UTC), "disk"),
            (datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.UTC), "network"),
        )
    )
    keep_statuses(StatusBatch((newer,), ()))
    keep_statuses(StatusBatch((older,), ()))
    assert RouterInstance.objects.get().source == "disk"


def test_report__of_an_environment_or_token_that_is_gone__hinders_nobody(
    staging: Environment, token: RouterToken
) -> None:
    lost = heard(staging.pk + 999, token.pk, "lost")
    orphan = heard(staging.pk, token.pk + 999, "orphan")
    keep_statuses(StatusBatch((lost, orphan), ()))
    row = RouterInstance.objects.get()
    assert (row.instance_id, row.token) == ("orphan", None)


def test_arrival__of_a_router_that_waited__is_when_it_took_the_release_up(
    routers: Routers, release: Release
) -> None:
    routers.say("eu-1", None)
    routers.now = release.published_at + 9 * SECOND
    adopted = release.published_at + 2 * SECOND
    routers.say("eu-1", release, adopted_at=adopted.isoformat())
    arrival = ReleaseArrival.objects.get()
    assert (arrival.at, arrival.heard_at) == (adopted, routers.now)
    assert arrival.was_waiting


def test_arrival__of_a_router_that_started_later__waited_for_nothing(
    routers: Routers, release: Release
) -> None:
    routers.now = release.published_at + MINUTE
    routers.say("eu-1", release)
    assert not ReleaseArrival.objects.get().was_waiting


def test_arrival__of_a_router_that_was_away__waited_for_nothing(
    routers: Routers, release: Release
) -> None:
    routers.now = release.published_at - datetime.timedelta(days=3)
    routers.say("eu-1", None)
    routers.now = release.published_at + datetime.timedelta(days=3)
    routers.say("eu-1", release)
    assert not ReleaseArrival.objects.get().was_waiting


def test_arrival__said_to_be_before_publication__is_at_publication(
    routers: Routers, release: Release
) -> None:
    routers.now = release.published_at + MINUTE
    long_ago = release.published_at - datetime.timedelta(days=1)
    routers.say("eu-1", release, adopted_at=long_ago.isoformat())
    assert ReleaseArrival.objects.get().at == release.published_at


def test_arrival__told_again_after_a_restart__stays_the_first(
    routers: Routers, release: Release, token: RouterToken
) -> None:
    routers.now = release.published_at + MINUTE
    routers.say("eu-1", release)
    again = Routers(token, routers.now + MINUTE)
    again.say("eu-1", release)
    assert ReleaseArrival.objects.get().at == routers.now


def test_arrival__of_what_was_never_published__is_none(routers: Routers, release: Release) -> None:
    routers.say("eu-1", None, active={"number": 1, "digest": "sha256:" + "f" * 64})
    assert not ReleaseArrival.objects.exists()
    assert RouterInstance.objects.get().active_number == 1


def test_instances__more_than_fit__let_go_of_the_longest_silent(
    routers: Routers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "MOST_INSTANCES", 2)
    for name in ("a", "b", "c"):
        routers.now += SECOND
        routers.say(name, None)
    assert set(RouterInstance.objects.values_list("instance_id", flat=True)) == {"b", "c"}


def test_instances__more_than_fit_by_one_token__leave_those_of_another(
    routers: Routers, monkeypatch: pytest.MonkeyPatch, staging: Environment, owner: User
) -> None:
    monkeypatch.setattr(fleet, "MOST_INSTANCES", 3)
    routers.say("genuine", None)
    thief = Routers(issue_router_token(staging, "lost", acting_user=owner)[0], routers.now)
    for name in ("a", "b", "c"):
        thief.now += SECOND
        thief.say(name, None)
    names = set(RouterInstance.objects.values_list("instance_id", flat=True))
    assert names == {"genuine", "b", "c"}


def test_forget_gone__drops_who_was_silent_for_a_month(routers: Routers, release: Release) -> None:
    routers.say("old", release)
    start = routers.now
    routers.now += datetime.timedelta(days=20)
    routers.say("new", release)
    forget_gone(start + datetime.timedelta(days=31))
    assert RouterInstance.objects.get().instance_id == "new"
    assert ReleaseArrival.objects.get().instance_id == "new"
