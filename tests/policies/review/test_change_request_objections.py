"""An open objection outranks any number of approvals, until it is answered or taken back."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services.releases import publication
from policies.services.review import changes, reviews
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    save_and_take_over,
    seen,
    standing,
)


@pytest.fixture
def objected(staging: Environment, author: User, owner: User, reviewer: User) -> ChangeRequest:
    """Approved by the owner, then objected to."""
    change = approved(in_review(staging, author), owner)
    assert change.state == State.APPROVED
    reviews.request_changes(
        change, "Ten percent is too much.", acting_user=reviewer, seen=seen(change)
    )
    return now(change)


def test_objection__to_an_approved_change__stops_publication(
    objected: ChangeRequest, owner: User
) -> None:
    assert objected.state == State.CHANGES_REQUESTED
    with pytest.raises(Refused):
        publication.publish(objected, acting_user=owner)


def test_objection__resubmitted_unchanged__still_stands(
    objected: ChangeRequest, author: User, owner: User
) -> None:
    change = approved(changes.submit(objected, acting_user=author), owner)
    assert change.state == State.IN_REVIEW
    assert len(standing(change).objections) == 1


def test_objection__answered_by_other_content__no_longer_counts(
    objected: ChangeRequest, author: User, owner: User
) -> None:
    save_and_take_over(objected, documents(share=95), author)
    pass_evaluation(objected, run="run-2")
    change = approved(changes.submit(now(objected), acting_user=author), owner)
    assert change.state == State.APPROVED


def test_objection__its_author_approves__is_taken_back(
    objected: ChangeRequest, author: User, reviewer: User
) -> None:
    changes.submit(objected, acting_user=author)
    assert approved(objected, reviewer).state == State.APPROVED


def test_rejection__closes_for_good(staging: Environment, author: User, reviewer: User) -> None:
    change = in_review(staging, author)
    reviews.reject(change, "Not this year.", acting_user=reviewer, seen=seen(change))
    assert now(change).state == State.REJECTED
    with pytest.raises(Refused):
        changes.submit(now(change), acting_user=author)


@pytest.mark.parametrize("judge", [reviews.request_changes, reviews.reject])
def test_objection__by_somebody_without_the_role__is_refused(
    staging: Environment, author: User, operator: User, judge: type
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        judge(change, REASON, acting_user=operator, seen=seen(change))
    assert refusal.value.codes == ("role",)
