"""An approval counts while its giver may give it: active, in a role held since it was opened."""

import pytest
from django.contrib.auth.models import User

from policies.engine import digest
from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release
from policies.services.releases import publication, scheduling
from policies.services.releases.breaking_glass import approve_afterwards, open_debts
from policies.services.review import guards, reviews
from policies.services.review.waiting import waiting_for
from policies.services.teams.members import add_member, remove_member
from policies.tasks import settle_lapsed_approvals
from tests.policies.review_steps import HOUR, later
from tests.policies.steps import REASON, approved, glass_broken, in_review, now, seen, standing


@pytest.fixture
def ready(production: Environment, author: User, reviewer: User, owner: User) -> ChangeRequest:
    """Approved by a reviewer and the owner, as production asks for."""
    change = approved(in_review(production, author), reviewer, owner)
    assert change.state == State.APPROVED
    return change


def close_account(user: User) -> None:
    """As the installation's administrator does, without any service of ours."""
    User.objects.filter(pk=user.pk).update(is_active=False)


def test_role_taken_away__takes_an_approved_change_back(
    ready: ChangeRequest, reviewer: User, administrator: User, operator: User
) -> None:
    remove_member(reviewer.memberships.get(), acting_user=administrator)
    assert now(ready).state == State.IN_REVIEW
    assert [review.reviewer.username for review in standing(ready).approvals] == ["owner"]
    with pytest.raises(Refused):
        publication.publish(now(ready), acting_user=operator)
    settled = AuditEvent.objects.get(action="change.settled")
    assert settled.detail["because"] == "reviewer is no longer reviewer."


def test_account_closed__the_approval_does_not_publish(
    ready: ChangeRequest, reviewer: User, operator: User
) -> None:
    close_account(reviewer)
    with pytest.raises(Refused) as refusal:
        publication.publish(now(ready), acting_user=operator)
    (reason,) = refusal.value.reasons
    assert reason.code == "approvals"
    assert "Not counted: reviewer, not an active reviewer" in reason.sentence
    assert not Release.objects.exists()


def test_account_closed__the_approval_does_not_publish_at_the_set_time_either(
    production: Environment, author: User, reviewer: User, owner: User
) -> None:
    change = in_review(production, author)
    moment = now(change).created_at + HOUR
    scheduling.schedule(change, moment, acting_user=author)
    assert approved(change, reviewer, owner).state == State.APPROVED
    close_account(reviewer)
    with later(HOUR):
        assert scheduling.publish_due() == 0
    (reason,) = now(change).schedule_failure
    assert reason["code"] == "approvals"
    assert not Release.objects.exists()


def test_account_closed__the_change_comes_back_to_review(
    ready: ChangeRequest, reviewer: User
) -> None:
    close_account(reviewer)
    settle_lapsed_approvals()
    assert now(ready).state == State.IN_REVIEW
    assert AuditEvent.objects.get(action="change.settled").origin == "task"


def bound_to_less(change: ChangeRequest) -> None:
    """As a console of before an upgrade kept approvals: what they were bound to was less."""
    change.reviews.update(subject_digest=digest({"bundle": change.bundle.digest}))


def test_approved_before_an_upgrade_that_binds_approvals_to_more__comes_back_to_review(
    ready: ChangeRequest, reviewer: User
) -> None:
    bound_to_less(ready)
    assert guards.why_not("approve", now(ready), reviewer)  # it could not go anywhere
    settle_lapsed_approvals()
    assert now(ready).state == State.IN_REVIEW
    assert [review.voided_at is None for review in ready.reviews.all()] == [False, False]
    assert AuditEvent.objects.get(action="change.reviews_voided").origin == "task"
    assert ready in guards.awaiting_review_by(reviewer)
    settle_lapsed_approvals()
    assert AuditEvent.objects.filter(action="change.reviews_voided").count() == 1


def test_half_approved_before_such_an_upgrade__asks_the_approver_again(
    production: Environment, author: User, reviewer: User
) -> None:
    change = approved(in_review(production, author), reviewer)
    bound_to_less(change)
    assert change not in guards.awaiting_review_by(reviewer)
    settle_lapsed_approvals()
    assert change in guards.awaiting_review_by(reviewer)


def test_objection_of_before_such_an_upgrade__stands(
    production: Environment, author: User, reviewer: User
) -> None:
    change = in_review(production, author)
    reviews.request_changes(change, "No.", acting_user=reviewer, seen=seen(change))
    bound_to_less(change)
    settle_lapsed_approvals()
    assert now(change).state == State.CHANGES_REQUESTED
    assert len(standing(change).objections) == 1


def test_role_given_while_it_is_open__does_not_count_for_it(
    production: Environment, author: User, owner: User, viewer: User, administrator: User
) -> None:
    change = in_review(production, author)
    add_member(production.workflow.team, viewer, Role.REVIEWER, acting_user=administrator)
    with pytest.raises(Refused) as refusal:
        approved(change, viewer)
    (reason,) = refusal.value.reasons
    assert reason.code == "late_role"
    assert "after this change request was opened" in reason.sentence
    assert refusal.value.is_forbidden
    assert waiting_for(viewer, ()) == []
    reviews.request_changes(change, "No.", acting_user=viewer, seen=seen(change))
    assert now(change).state == State.CHANGES_REQUESTED


def test_role_given_while_it_is_open__does_not_make_owners_for_rules_on_risk(
    production: Environment, author: User, reviewer: User, administrator: User
) -> None:
    change = in_review(production, author)
    add_member(production.workflow.team, reviewer, Role.OWNER, acting_user=administrator)
    facts = guards.Situation(now(change), reviewer)
    assert (Role.OWNER, reviewer.pk) not in {
        (row.role, row.user_id) for row in facts.counting_members
    }
    assert facts.counts(reviewer.pk)  # as the reviewer they were before


def test_role_taken_and_given_again__does_not_count_for_what_was_open(
    ready: ChangeRequest, reviewer: User, administrator: User
) -> None:
    remove_member(reviewer.memberships.get(), acting_user=administrator)
    team = ready.workflow.team
    add_member(team, reviewer, Role.REVIEWER, acting_user=administrator)
    assert now(ready).state == State.IN_REVIEW
    assert reviewer not in [review.reviewer for review in standing(ready).approvals]


def test_role_taken_after_publication__leaves_what_was_said(
    ready: ChangeRequest, reviewer: User, administrator: User, operator: User
) -> None:
    release = publication.publish(ready, acting_user=operator)
    remove_member(reviewer.memberships.get(), acting_user=administrator)
    assert release.approved_by == ["reviewer", "owner"]
    assert len(standing(ready).approvals) == 2


def test_role_given_after_it_went_out__pays_no_debt(
    production: Environment,
    author: User,
    operator: User,
    reviewer: User,
    viewer: User,
    administrator: User,
) -> None:
    change = in_review(production, author)
    glass_broken(change, operator)
    add_member(production.workflow.team, viewer, Role.REVIEWER, acting_user=administrator)
    asked = {
        user.username: [waiting.change for waiting in waiting_for(user, open_debts(user))]
        for user in (reviewer, viewer)
    }
    assert asked == {"reviewer": [change], "viewer": []}
    with pytest.raises(Refused) as refusal:
        approve_afterwards(change, REASON, acting_user=viewer, seen=seen(change))
    assert refusal.value.codes == ("late_role",)
