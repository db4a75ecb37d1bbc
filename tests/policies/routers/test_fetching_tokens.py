"""Routers that only fetch: several with one token, one whose token ended, beside reporting ones."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from evaluations.services.outcomes.removing import remove_reported
from policies.models import Environment, Release, RouterToken
from policies.services.routers.convergence import fleet_of
from policies.services.routers.tokens import issue_router_token, revoke_router_token
from policies.services.routers.watching import watch_fleets
from tests.policies.routers.fleet_cast import HOUR, MINUTE, SECOND, Routers
from tests.policies.steps import documents, published
from tests.services.plane import Clock, PlaneInProcess

pytestmark = pytest.mark.postgres


class Fetching:
    """Routers that fetch with one token, and name the tag of what they have with each poll."""

    def __init__(self, environment: Environment, user: User) -> None:
        self.row, self.token = issue_router_token(environment, "fetching", acting_user=user)
        self.clock = Clock()
        self.plane = PlaneInProcess(self.clock)

    def tag(self) -> str:
        return self.plane.fetch(self.token).headers["etag"]

    def polls(self, *tags: str, seconds: int) -> list[int]:
        """One router with each tag, every five seconds for so long; the last answers."""
        for _ in range(0, seconds + 1, 5):
            told = [self.plane.fetch(self.token, if_none_match=tag).status for tag in tags]
            self.clock.now += 5
        return told


@pytest.fixture
def fetching(release: Release, staging: Environment, owner: User) -> Fetching:
    return Fetching(staging, owner)


@pytest.fixture
def reporting(
    fetching: Fetching, plane: Routers, staging: Environment, author: User, owner: User
) -> Release:
    """The next release, which the one router that reports has; who fetches had the first."""
    fetching.polls(fetching.tag(), seconds=5)
    second = published(staging, author, [owner], owner, documents(share=10))
    plane.now = timezone.now()
    plane.say("eu-1", second)
    return second


# What a router with a token may yet show of a release that is so old has shown.
SHOWN = 2 * MINUTE


def told(environment: Environment, now: datetime.datetime) -> tuple[bool, str]:
    fleet = fleet_of(environment, now)
    assert fleet.spread is not None
    return fleet.is_delivered, fleet.spread.sentence.partition("; ")[2]


def test_two_with_one_token__is_fetched_only_when_neither_names_another(
    fetching: Fetching, reporting: Release, staging: Environment
) -> None:
    old = '"of-the-release-before"'
    new = fetching.tag()
    assert fetching.polls(new, old, seconds=25) == [304, 200]
    is_delivered, others = told(staging, timezone.now())
    assert not is_delivered
    assert others == "of routers that report no status, 0 of 1 token fetched it."
    fetching.polls(new, seconds=25)
    is_delivered, others = told(staging, timezone.now() + 4 * MINUTE)
    assert is_delivered
    assert others == "of routers that report no status, 1 of 1 token fetched it."


def test_router_that_was_a_moment_late__holds_up_nothing(
    fetching: Fetching, reporting: Release, staging: Environment
) -> None:
    assert fetching.polls('"of-the-release-before"', seconds=10) == [200]
    fetching.polls(fetching.tag(), seconds=10)
    assert told(staging, timezone.now() + SHOWN)[0]


def test_release_of_a_moment_ago__may_yet_be_refused_by_another_with_the_token(
    fetching: Fetching, reporting: Release, staging: Environment
) -> None:
    assert fetching.polls(fetching.tag(), '"of-the-release-before"', seconds=10) == [304, 200]
    watch_fleets(timezone.now())
    reporting.refresh_from_db()
    assert reporting.delivered_at is None
    watch_fleets(timezone.now() + SHOWN)
    reporting.refresh_from_db()
    assert reporting.delivered_at is not None


def test_token_of_a_reporting_router__does_not_hide_another_that_is_behind(
    release: Release, plane: Routers, staging: Environment, owner: User, author: User
) -> None:
    shared = Fetching(staging, owner)
    second = published(staging, author, [owner], owner, documents(share=10))
    routers = Routers(shared.row, timezone.now())
    routers.say("eu-1", second)
    assert told(staging, timezone.now())[0]
    shared.polls(shared.tag(), '"of-the-release-before"', seconds=25)
    assert not told(staging, timezone.now())[0]


def test_goodbye__hides_no_other_router_that_goes_on_with_the_token(
    reporting: Release, release: Release, plane: Routers, staging: Environment, owner: User
) -> None:
    shared, _ = issue_router_token(staging, "shared", acting_user=owner)
    RouterToken.objects.exclude(pk=shared.pk).update(fetched_release=None)
    now = timezone.now()
    Routers(shared, now).say("job-1", reporting, ended=True)
    rows = RouterToken.objects.filter(pk=shared.pk)
    rows.update(fetched_release=release, last_used_at=now + 20 * SECOND)
    assert told(staging, now + MINUTE)[0]
    rows.update(last_used_at=now + HOUR)
    assert not told(staging, now + HOUR)[0]


def test_token_that_was_revoked__leaves_its_routers_with_what_they_had(
    fetching: Fetching, reporting: Release, staging: Environment, owner: User
) -> None:
    revoke_router_token(fetching.row, acting_user=owner)
    is_delivered, others = told(staging, timezone.now())
    assert not is_delivered
    assert others == "1 token revoked or expired within a day did not fetch it."
    assert told(staging, timezone.now() + 25 * HOUR)[1] == ""


def test_router_that_is_asked_by_turns_of_three_planes__is_behind_all_the_same(
    fetching: Fetching, reporting: Release, staging: Environment
) -> None:
    planes = [PlaneInProcess(fetching.clock) for _ in range(3)]
    new = fetching.tag()
    for minute in range(6):
        planes[minute % 3].fetch(fetching.token, if_none_match='"of-the-release-before"')
        planes[(minute + 1) % 3].fetch(fetching.token, if_none_match=new)
        fetching.clock.now += 60
    assert not told(staging, timezone.now())[0]


def test_token_that_only_ever_named_another_release__is_waited_for(
    reporting: Release, staging: Environment, owner: User
) -> None:
    RouterToken.objects.update(last_used_at=None)
    other = Fetching(staging, owner)
    other.polls('"of-the-release-before"', seconds=25)
    assert RouterToken.objects.get(pk=other.row.pk).fetched_release is None
    assert not told(staging, timezone.now())[0]


def test_router_that_reports__and_moved_to_another_token__leaves_none_behind(
    release: Release, staging: Environment, author: User, owner: User
) -> None:
    old, new = Fetching(staging, owner), Fetching(staging, owner)
    old.polls(old.tag(), seconds=5)
    Routers(old.row, timezone.now()).say("eu-1", release)
    revoke_router_token(old.row, acting_user=owner)
    second = published(staging, author, [owner], owner, documents(share=10))
    Routers(new.row, timezone.now() + MINUTE).say("eu-1", second)
    assert told(staging, timezone.now() + MINUTE) == (True, "")


def test_stolen_token__revoked_and_its_reports_removed__is_not_waited_for(
    fetching: Fetching, reporting: Release, staging: Environment, owner: User
) -> None:
    revoke_router_token(fetching.row, acting_user=owner)
    assert not told(staging, timezone.now())[0]
    fetching.row.refresh_from_db()
    remove_reported(fetching.row, acting_user=owner)
    assert told(staging, timezone.now()) == (True, "")


def test_token_that_was_revoked__after_its_routers_had_it__holds_up_nothing(
    fetching: Fetching, reporting: Release, staging: Environment, owner: User
) -> None:
    fetching.polls(fetching.tag(), seconds=5)
    revoke_router_token(fetching.row, acting_user=owner)
    assert told(staging, timezone.now() + SHOWN) == (True, "")
