"""Feedback that a token gave is taken back with its reports: what others said stands again."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from evaluations.models import Outcome, OutcomeRollup, OutcomeWord
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.removing import remove_reported
from evaluations.services.outcomes.rollups import roll_up
from policies.models import Release, RouterToken
from policies.services import audit
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import NOW, event, minute_sums

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def good(release: Release, owner: User) -> RouterToken:
    return issue_router_token(release.environment, "good", acting_user=owner)[0]


@pytest.fixture
def bad(release: Release, owner: User) -> RouterToken:
    return issue_router_token(release.environment, "bad", acting_user=owner)[0]


def say(token: RouterToken, minute: int, request_id: str = "r-1", **members: Any) -> None:
    """Feedback so many minutes after the outcomes came."""
    now = NOW + datetime.timedelta(minutes=minute)
    told = [{"request_id": request_id, **members}]
    assert not take_feedback(token.environment, told, now=now, token=token).rejected


def stands(request_id: str = "r-1") -> tuple[float | None, str, bool, bool]:
    """Quality, label, and whether each was learnt later."""
    row = Outcome.objects.get(request_id=request_id)
    quality = None if row.quality_nano is None else row.quality_nano / 10**9
    return quality, row.labelled_class, row.late_quality, row.late_label


def test_removed__feedback_on_what_another_token_reported__gives_back_what_it_had_told(
    good: RouterToken, bad: RouterToken, owner: User, release: Release
) -> None:
    ingest(good.environment, [event(quality=0.9)], now=NOW, token=good)
    say(bad, 1, quality=0.1)
    say(bad, 2, quality=0, labelled_class="nonsense")
    roll_up(release.workflow)
    removed = remove_reported(bad, acting_user=owner)
    assert (removed.outcomes, removed.feedback, removed.hours) == (0, 1, 1)
    assert stands() == (0.9, "", False, False)
    roll_up(release.workflow)
    sums = OutcomeRollup.objects.values_list("quality_nano", "labelled")
    assert set(map(str, sums)) == {str((900_000_000, []))}
    row = audit.visible_to(owner).get(action="router_token.reports_removed")
    assert row.detail["feedback"] == 1


def test_removed__feedback_among_that_of_others__leaves_the_latest_word_of_those(
    good: RouterToken, bad: RouterToken, owner: User
) -> None:
    ingest(good.environment, [event(quality=None)], now=NOW, token=good)
    say(good, 1, quality=0.7)
    say(bad, 2, quality=0, labelled_class="nonsense")
    say(good, 3, labelled_class="complex")
    assert stands() == (0, "complex", True, True)
    remove_reported(bad, acting_user=owner)
    assert stands() == (0.7, "complex", True, True)


def test_removed__feedback_that_a_later_word_agreed_with__leaves_that_word(
    good: RouterToken, bad: RouterToken, owner: User
) -> None:
    ingest(good.environment, [event(quality=0.9)], now=NOW, token=good)
    say(bad, 1, quality=0.4)
    say(good, 2, quality=0.4)
    remove_reported(bad, acting_user=owner)
    assert stands() == (0.4, "", False, False)


def test_removed__the_only_feedback_on_one_of_a_sample__is_late_no_more(
    good: RouterToken, bad: RouterToken, owner: User, release: Release
) -> None:
    sampled = event(quality=None, in_sums=True)
    ingest(good.environment, [sampled, minute_sums()], now=NOW, token=good)
    roll_up(release.workflow)
    before = list(OutcomeRollup.objects.values_list("quality_known", "quality_nano"))
    say(bad, 1, quality=0, labelled_class="complex")
    roll_up(release.workflow)
    remove_reported(bad, acting_user=owner)
    roll_up(release.workflow)
    assert stands() == (None, "", False, False)
    assert list(OutcomeRollup.objects.values_list("quality_known", "quality_nano")) == before


def test_removed__a_tokens_own_outcomes__what_others_said_of_them_goes_too(
    good: RouterToken, bad: RouterToken, owner: User
) -> None:
    ingest(bad.environment, [event("theirs")], now=NOW, token=bad)
    ingest(good.environment, [event("ours")], now=NOW, token=good)
    say(good, 1, "theirs", quality=0.5)
    say(bad, 1, "ours", quality=0)
    removed = remove_reported(bad, acting_user=owner)
    assert (removed.outcomes, removed.feedback) == (1, 1)
    word = OutcomeWord.objects.get()
    assert (word.outcome.request_id, word.token) == ("ours", None)


def test_feedback__of_one_token_again_and_again__is_kept_once(
    good: RouterToken, bad: RouterToken
) -> None:
    ingest(good.environment, [event(quality=0.9)], now=NOW, token=good)
    for minute in range(4):
        say(bad, minute, quality=minute / 4)
    words = OutcomeWord.objects.order_by("pk").values_list("token", "quality_nano")
    assert list(words) == [(None, 900_000_000), (bad.pk, 750_000_000)]


def test_feedback__that_came_with_no_token__stands_when_a_tokens_is_taken_back(
    good: RouterToken, bad: RouterToken, owner: User
) -> None:
    ingest(good.environment, [event(quality=None)], now=NOW, token=good)
    told = [{"request_id": "r-1", "quality": 0.6}]
    take_feedback(good.environment, told, now=NOW)
    say(bad, 1, quality=0)
    remove_reported(bad, acting_user=owner)
    assert stands() == (0.6, "", True, False)
