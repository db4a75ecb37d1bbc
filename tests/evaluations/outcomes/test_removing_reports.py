"""What a token reported, taken back: its outcomes, names and routers, and nothing of others."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from evaluations.models import Outcome, OutcomeRollup, ReportedName
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.removing import remove_reported
from evaluations.services.outcomes.rollups import roll_up
from policies.governance.refusals import Refused
from policies.models import Environment, Release, RouterInstance, RouterToken
from policies.services import audit
from policies.services.routers.tokens import issue_router_token
from policies.services.routers.watching import watch_fleets
from tests.evaluations.outcome_cast import NOW, event
from tests.policies.routers.fleet_cast import SECOND, Routers

MINUTE = 60 * SECOND
pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def tokens(release: Release, owner: User) -> tuple[RouterToken, RouterToken]:
    """A good one and a bad one, each of which reported an outcome and is a router."""
    found = []
    for name in ("good", "bad"):
        token, _ = issue_router_token(release.environment, name, acting_user=owner)
        ingest(token.environment, [event(name, class_=name)], now=NOW, token=token)
        Routers(token, release.published_at + SECOND).say(name, release)
        found.append(token)
    roll_up(release.workflow)
    return found[0], found[1]


def test_removed__what_a_token_reported__is_gone_and_the_sums_are_as_if_it_had_never_been(
    tokens: tuple[RouterToken, RouterToken], owner: User, release: Release
) -> None:
    removed = remove_reported(tokens[1], acting_user=owner)
    assert (removed.outcomes, removed.hours, removed.routers) == (1, 1, 1)
    roll_up(release.workflow)
    assert Outcome.objects.get().request_id == "good"
    assert set(OutcomeRollup.objects.values_list("class_key", flat=True)) == {"good"}
    assert set(ReportedName.objects.values_list("token", flat=True)) == {tokens[0].pk}
    assert RouterInstance.objects.get().instance_id == "good"
    row = audit.visible_to(owner).get(action="router_token.reports_removed")
    assert row.detail["outcomes"] == 1 and row.detail["name"] == "bad"


def test_removed__routers_by_whose_word_a_release_was_delivered__it_is_so_no_more(
    tokens: tuple[RouterToken, RouterToken], owner: User, release: Release
) -> None:
    now = release.published_at + MINUTE
    Environment.objects.filter(pk=release.environment_id).update(delivered_share=50)
    Routers(tokens[0], now).say("good", None)
    watch_fleets(now)
    release.refresh_from_db()
    assert release.delivered_at is not None
    remove_reported(tokens[1], acting_user=owner)
    watch_fleets(now)
    release.refresh_from_db()
    assert release.delivered_at is None


def test_remove__by_who_may_not_manage_tokens__is_refused(
    tokens: tuple[RouterToken, RouterToken], viewer: User
) -> None:
    with pytest.raises(Refused):
        remove_reported(tokens[1], acting_user=viewer)
    assert Outcome.objects.count() == 2


def test_remove__of_a_token_that_reported_nothing__removes_nothing(
    release: Release, owner: User
) -> None:
    token, _ = issue_router_token(release.environment, "quiet", acting_user=owner)
    removed = remove_reported(token, acting_user=owner)
    assert (removed.outcomes, removed.hours, removed.routers) == (0, 0, 0)
