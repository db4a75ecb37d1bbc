"""An open objection outranks any number of approvals, until it is answered or taken back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment, Membership, Release
from policies.services.releases import publication
from policies.services.review import changes, reviews
from policies.services.teams import members
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    published,
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


@pytest.fixture
def against_half(release: Release, author: User, reviewer: User) -> ChangeRequest:
    """To send half to the small model, where 90 % go there now; objected to."""
    change = in_review(release.environment, author, documents(share=50))
    reviews.request_changes(change, "Half is too much.", acting_user=reviewer, seen=seen(change))
    return now(change)


def test_objection__after_the_split_goes_on_from_another_base__still_stands(
    against_half: ChangeRequest, author: User, owner: User
) -> None:
    """Other earlier weights are no answer to it: the author proposes what they proposed."""
    change = against_half
    published(change.environment, author, [owner], owner, documents(share=80))
    changes.rebase(change, acting_user=author)
    pass_evaluation(change)
    changes.submit(now(change), acting_user=author)
    assert [review.reason for review in standing(change).objections] == ["Half is too much."]


def test_objection__to_the_same_split_on_an_earlier_base__comes_again(
    against_half: ChangeRequest, author: User, owner: User
) -> None:
    changes.withdraw(against_half, acting_user=author)
    published(against_half.environment, author, [owner], owner, documents(share=80))
    again = in_review(against_half.environment, author, documents(share=50))
    assert [review.reason for review in standing(again).objections] == [
        f"Said of #{against_half.number}, which proposed the same: Half is too much."
    ]


@pytest.mark.parametrize("object_to", [reviews.request_changes, reviews.reject])
def test_objection__to_one_of_two_open_change_requests_with_the_same_content__stands_on_both(
    release: Release, author: User, owner: User, reviewer: User, object_to: Callable[..., object]
) -> None:
    """Whoever proposes a content twice beforehand has no second one left without the objection."""
    first, second = (in_review(release.environment, author, documents(share=50)) for _ in range(2))
    assert approved(second, owner).state == State.APPROVED
    object_to(first, "Half is too much.", acting_user=reviewer, seen=seen(first))
    assert len(standing(second).objections) == 1
    assert now(second).state == State.IN_REVIEW


def test_objection__given_while_the_same_was_opened_elsewhere__stops_its_publication(
    release: Release, author: User, owner: User, reviewer: User
) -> None:
    """Neither saw the other's row; whoever publishes holds both."""
    first, second = (in_review(release.environment, author, documents(share=50)) for _ in range(2))
    approved(second, owner)
    reviews.say(first, "request_changes", "Half is too much.", reviewer, seen(first))
    with pytest.raises(Refused, match="Half is too much"):
        publication.publish(now(second), acting_user=owner)


def test_objection__answered_by_the_same_shares_in_other_numbers__still_stands(
    against_half: ChangeRequest, author: User
) -> None:
    content = documents(share=50)
    for candidate in content["router_policy"]["rules"][0]["route"]["candidates"]:
        candidate["weight"] = 5
    change = save_and_take_over(against_half, content, author)
    pass_evaluation(change)
    changes.submit(now(change), acting_user=author)
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


def _reword(change: ChangeRequest, author: User) -> None:
    """Every word that an author may change without changing what the documents do."""
    changes.describe(now(change), "Another title", "Another reason.", acting_user=author)
    changes.acknowledge(now(change), ["a-warning"], acting_user=author)
    content = documents()
    content["request_classification"]["classes"][0]["label"] = "Easy"
    save_and_take_over(now(change), content, author)
    pass_evaluation(change, run="run-2")


def test_objection__answered_by_other_words_alone__still_stands(
    objected: ChangeRequest, author: User, owner: User
) -> None:
    _reword(objected, author)
    change = approved(changes.submit(now(objected), acting_user=author), owner)
    assert change.state == State.IN_REVIEW
    [objection] = standing(change).objections
    assert objection.reason == "Ten percent is too much."


def test_objection__content_changed_and_changed_back__stands_again(
    objected: ChangeRequest, author: User, owner: User
) -> None:
    save_and_take_over(objected, documents(share=95), author)
    pass_evaluation(objected, run="run-2")
    change = changes.submit(now(objected), acting_user=author)
    assert not standing(change).objections
    save_and_take_over(now(change), documents(), author)
    pass_evaluation(change, run="run-3")
    assert approved(now(change), owner).state == State.IN_REVIEW
    assert len(standing(change).objections) == 1


def test_objection__same_content_in_another_change_request__stands_there_too(
    objected: ChangeRequest, staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    changes.withdraw(objected, acting_user=author)
    again = approved(in_review(staging, author), owner)
    assert again.state == State.IN_REVIEW
    [objection] = standing(again).objections
    assert (objection.reviewer, objection.reason) == (
        reviewer,
        f"Said of #{objected.number}, which proposed the same: Ten percent is too much.",
    )
    reviews.take_back(again, "It is fine now.", acting_user=reviewer)
    assert now(again).state == State.APPROVED
    third = in_review(staging, author)  # resolved by who made it, so it does not come again
    assert not standing(third).objections


def test_rejection__same_content_proposed_again__stands_as_an_objection(
    staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.reject(change, "Not this year.", acting_user=reviewer, seen=seen(change))
    again = approved(in_review(staging, author), owner)
    assert again.state == State.IN_REVIEW
    assert approved(again, reviewer).state == State.APPROVED


def test_objection__of_somebody_who_may_no_longer_review__is_not_brought_along(
    objected: ChangeRequest,
    staging: Environment,
    author: User,
    owner: User,
    reviewer: User,
    administrator: User,
) -> None:
    changes.withdraw(objected, acting_user=author)
    role = Membership.objects.get(user=reviewer)
    members.remove_member(role, acting_user=administrator)
    assert approved(in_review(staging, author), owner).state == State.APPROVED
