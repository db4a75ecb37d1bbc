"""Nobody judges what they worked on, whatever roles they hold."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services.authoring import editing
from policies.services.review import changes, reviews
from policies.services.teams.members import add_member
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    pass_evaluation,
    save_and_take_over,
    seen,
)

JUDGEMENTS = [reviews.approve, reviews.request_changes, reviews.reject]


@pytest.mark.parametrize("judge", JUDGEMENTS)
def test_author__with_every_role__may_not_judge_their_own(
    staging: Environment, author: User, administrator: User, judge: Callable[..., Any]
) -> None:
    for role in Role:
        add_member(staging.workflow.team, author, role, acting_user=administrator)
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        judge(change, REASON, acting_user=author, seen=seen(change))
    assert refusal.value.codes == ("four_eyes",)
    assert refusal.value.is_forbidden


@pytest.mark.parametrize("judge", JUDGEMENTS)
def test_co_author__saved_one_document__may_not_judge(
    staging: Environment, author: User, co_author: User, judge: Callable[..., Any]
) -> None:
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), co_author)
    pass_evaluation(change, run="run-2")
    with pytest.raises(Refused) as refusal:
        judge(change, REASON, acting_user=co_author, seen=seen(change))
    assert "four_eyes" in refusal.value.codes


def test_co_author__saved_but_somebody_else_took_it_over__may_not_judge(
    staging: Environment, author: User, co_author: User
) -> None:
    change = in_review(staging, author)
    assert change.draft is not None
    policy = documents(share=50)["router_policy"]
    editing.save_document(change.draft, "router_policy", policy, acting_user=co_author)
    save_and_take_over(change, {}, author)
    pass_evaluation(change, run="run-2")
    with pytest.raises(Refused, match="contributed"):
        reviews.approve(change, REASON, acting_user=co_author, seen=seen(change))


def test_who_describes_or_acknowledges__has_worked_on_it(
    staging: Environment, author: User, co_author: User
) -> None:
    acts: list[Callable[[ChangeRequest], Any]] = [
        lambda change: changes.describe(change, "A title", "Why.", acting_user=co_author),
        lambda change: changes.acknowledge(change, ["a-warning"], acting_user=co_author),
    ]
    for act in acts:
        change = in_review(staging, author)
        act(change)
        assert co_author in change.contributors.all()
        with pytest.raises(Refused) as refusal:
            reviews.approve(change, REASON, acting_user=co_author, seen=seen(change))
        assert "four_eyes" in refusal.value.codes


def test_same_words_said_again__are_no_contribution(
    staging: Environment, author: User, co_author: User
) -> None:
    change = in_review(staging, author)
    changes.describe(change, change.title, change.why, acting_user=co_author)
    assert co_author not in change.contributors.all()


def test_superuser__without_a_role__may_not_judge(
    staging: Environment, author: User, installer: User
) -> None:
    stranger = User.objects.create_superuser("root", password="a-good-password")
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=stranger, seen=seen(change))
    assert refusal.value.codes == ("role",)


def test_reviewer__who_did_not_touch_it__may_judge(
    production: Environment, author: User, co_author: User
) -> None:
    change = approved(in_review(production, author), co_author)
    assert change.state == State.IN_REVIEW
    assert change.reviews.standing().count() == 1
