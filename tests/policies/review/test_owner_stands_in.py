"""Each touched component is approved by its owner or who stands in for them: never by nobody."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import Environment, Release
from policies.models.components import ComponentKind
from policies.services.releases import publication
from policies.services.review import changes, guards
from policies.services.teams.contracts import contract_in_force, save_contract
from policies.services.teams.members import add_member, remove_member
from tests.policies.cast import CONTRACT, member
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    proposed,
    save_and_take_over,
    standing,
)

POLICY = ComponentKind.ROUTER_POLICY


def name_deputy(
    environment: Environment, owner: User, deputy: User | None, *, by: User | None = None
) -> None:
    for kind in ComponentKind.values:
        save_contract(
            environment.workflow, kind, owner, CONTRACT, acting_user=by or owner, deputy=deputy
        )


@pytest.fixture
def second_owner(staging: Environment, administrator: User) -> User:
    """Could stand in as well, were there no deputy."""
    return member(staging.workflow.team, administrator, "second_owner", "Odd Owner", Role.OWNER)


@pytest.fixture
def writing_owner(owner: User, staging: Environment, administrator: User) -> User:
    add_member(staging.workflow.team, owner, Role.AUTHOR, acting_user=administrator)
    return owner


def test_owner_who_worked_on_it__is_not_replaced_by_any_reviewer(
    writing_owner: User, staging: Environment, reviewer: User, operator: User
) -> None:
    change = approved(in_review(staging, writing_owner), reviewer)
    assert change.state == State.IN_REVIEW
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=operator)
    (reason, *_) = [found for found in refusal.value.reasons if found.code == "owner"]
    assert "nobody stands in for them" in reason.sentence
    assert reason.resolve == "Have an owner who did not work on it name a deputy in the contract."
    assert not Release.objects.exists()


def test_owner_who_worked_on_it__is_stood_in_for_by_the_deputy(
    writing_owner: User, staging: Environment, reviewer: User, co_author: User
) -> None:
    name_deputy(staging, writing_owner, co_author)
    change = approved(in_review(staging, writing_owner), reviewer)
    assert change.state == State.IN_REVIEW
    words = "Cora Coauthor in place of Olga Owner (router policy)"
    assert words in standing(change).owners_missing
    assert approved(change, co_author).state == State.APPROVED


def test_owner_who_did_not_work_on_it__is_asked_whatever_the_deputy_says(
    owner: User, author: User, staging: Environment, reviewer: User
) -> None:
    name_deputy(staging, owner, reviewer)
    change = approved(in_review(staging, author), reviewer)
    assert change.state == State.IN_REVIEW
    assert approved(change, owner).state == State.APPROVED


def test_owner_and_deputy_worked_on_it__another_owner_of_the_team_is_asked(
    writing_owner: User,
    staging: Environment,
    administrator: User,
    co_author: User,
) -> None:
    name_deputy(staging, writing_owner, co_author)
    member(staging.workflow.team, administrator, "third", "Theo Third", Role.OWNER)
    change = in_review(staging, writing_owner)
    save_and_take_over(change, documents(share=50), co_author)
    # The evaluation of the other content is still to come; who has to approve is known already.
    assert "Theo Third in place of Olga Owner (router policy)" in standing(change).owners_missing


def test_owner_whose_account_was_closed__is_stood_in_for_by_the_deputy(
    owner: User, author: User, staging: Environment, reviewer: User
) -> None:
    name_deputy(staging, owner, reviewer)
    change = in_review(staging, author)
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    assert approved(change, reviewer).state == State.APPROVED


def test_deputy__is_somebody_else_who_may_review(
    owner: User, staging: Environment, author: User
) -> None:
    for wrong in (owner, author):
        with pytest.raises(Refused) as refusal:
            name_deputy(staging, owner, wrong)
        assert refusal.value.codes == ("deputy",)


def test_deputy__keeps_the_role_while_a_contract_names_them(
    owner: User, staging: Environment, reviewer: User, administrator: User
) -> None:
    name_deputy(staging, owner, reviewer)
    role = reviewer.memberships.get()
    with pytest.raises(Refused) as refusal:
        remove_member(role, acting_user=administrator)
    assert set(refusal.value.codes) == {"deputy"}
    name_deputy(staging, owner, None)
    remove_member(role, acting_user=administrator)
    contract = contract_in_force(staging.workflow, POLICY)
    assert contract is not None and contract.deputy is None


def test_deputy_named_while_it_is_open__settles_it(
    writing_owner: User, staging: Environment, reviewer: User, second_owner: User
) -> None:
    change = in_review(staging, writing_owner, documents())
    name_deputy(staging, writing_owner, reviewer, by=second_owner)
    assert "Rune Reviewer in place of Olga Owner (router policy)" in standing(change).owners_missing
    assert approved(now(change), reviewer).state == State.APPROVED


def test_owner_or_deputy__changed_by_who_worked_on_an_open_change__is_refused(
    writing_owner: User, staging: Environment, reviewer: User, second_owner: User
) -> None:
    change = in_review(staging, writing_owner)
    for owner, deputy in ((reviewer, None), (writing_owner, reviewer)):
        with pytest.raises(Refused) as refusal:
            save_contract(
                staging.workflow,
                POLICY,
                owner,
                CONTRACT,
                acting_user=writing_owner,
                deputy=deputy,
            )
        [reason] = refusal.value.reasons
        assert reason.code == "four_eyes"
        assert reason.sentence == (
            f"You worked on #{change.number}, which touches the router policy, so you may not "
            "change who has to approve it."
        )
        assert reason.resolve == "Ask another owner who did not work on it (Odd Owner)."
    contract = contract_in_force(staging.workflow, POLICY)
    assert contract is not None
    assert (contract.owner, contract.deputy) == (writing_owner, None)


def test_contract_of_what_they_did_not_touch__and_mere_words__are_theirs_to_change(
    writing_owner: User, release: Release, reviewer: User
) -> None:
    in_review(release.environment, writing_owner, documents(share=50))  # the router policy alone
    workflow = release.workflow
    words = replace(CONTRACT, playbook="1. Roll back at once.")
    save_contract(workflow, POLICY, writing_owner, words, acting_user=writing_owner)
    matrix = ComponentKind.FALLBACK_MATRIX
    save_contract(
        workflow, matrix, writing_owner, CONTRACT, acting_user=writing_owner, deputy=reviewer
    )
    contract = contract_in_force(workflow, matrix)
    assert contract is not None and contract.deputy == reviewer


def test_contract__changed_by_who_proposed_the_same_content_elsewhere__is_refused(
    writing_owner: User, release: Release, author: User, reviewer: User
) -> None:
    own = proposed(release.environment, writing_owner, documents(share=50))
    changes.withdraw(own, acting_user=writing_owner)
    in_review(release.environment, author, documents(share=50))
    with pytest.raises(Refused) as refusal:
        save_contract(release.workflow, POLICY, reviewer, CONTRACT, acting_user=writing_owner)
    assert refusal.value.codes == ("four_eyes",)


def test_nobody_stands_in__the_reviewer_is_told_before_they_approve(
    writing_owner: User, staging: Environment
) -> None:
    change = now(in_review(staging, writing_owner))
    needed = [reason.resolve for reason in guards.why_not("publish", change, writing_owner)]
    assert "Have an owner who did not work on it name a deputy in the contract." in needed
