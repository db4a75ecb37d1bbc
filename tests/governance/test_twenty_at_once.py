"""Twenty at once, ten on each side: one outcome that both sides can be told, and a whole chain.

The other pairs are in `tests/policies/review/test_change_request_races.py`, where the threads
come from.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment, Membership, Release
from policies.services import audit
from policies.services.authoring import editing
from policies.services.releases import publication
from policies.services.review import changes, reviews
from policies.services.rules.environments import change_rules
from policies.services.teams import members
from policies.services.teams.environments import EnvironmentRules
from tests.policies.cast import person
from tests.policies.review.test_change_request_races import Act, at_once, done
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    published,
    seen,
    standing,
)

pytestmark = pytest.mark.django_db(transaction=True)
EACH = 10


def refusals(outcomes: list[object]) -> list[Refused]:
    return [outcome for outcome in outcomes if isinstance(outcome, Refused)]


def every_loser_is_told_why(outcomes: list[object]) -> bool:
    return all(refusal.reasons and str(refusal).strip() for refusal in refusals(outcomes))


def whole() -> bool:
    return list(audit.breaks()) == []


@pytest.fixture
def ready(staging: Environment, author: User, owner: User) -> ChangeRequest:
    """Approved, and to be published."""
    return approved(in_review(staging, author), owner)


@pytest.fixture
def reviewers(staging: Environment, administrator: User) -> list[User]:
    people = [person(f"reviewer{number}", "One More") for number in range(EACH)]
    for user in people:
        members.add_member(staging.workflow.team, user, Role.REVIEWER, acting_user=administrator)
    return people


def test_ten_approvals_against_ten_edits__leave_no_approval_of_other_content(
    production: Environment, author: User, reviewers: list[User]
) -> None:
    change = in_review(production, author)
    assert change.draft is not None
    policy = documents(share=50)["router_policy"]
    editing.save_document(change.draft, "router_policy", policy, acting_user=author)
    acts: list[Act] = [
        lambda user=user: reviews.approve(change, REASON, acting_user=user, seen=seen(change))  # type: ignore[misc]
        for user in reviewers
    ]
    acts += [lambda: changes.update_content(change, acting_user=author)] * EACH
    outcomes = at_once(acts)
    assert now(change).bundle != change.bundle
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_ten_rollbacks__one_of_each_at_most(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    first = published(staging, author, [owner], owner)
    published(staging, author, [owner], owner, documents(share=50))
    change = approved(in_review(staging, author, documents(share=70)), owner)
    acts: list[Act] = [lambda: publication.publish(change, acting_user=owner)] * EACH
    acts += [lambda: publication.roll_back(first, "Errors.", acting_user=operator)] * EACH
    outcomes = at_once(acts)
    numbers = sorted(Release.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    # A publication after the rollback has lost its base; a rollback after it is still one.
    assert len(done(outcomes)) == len(numbers) - 2
    assert 1 <= len(done(outcomes)) <= 2
    assert Release.objects.active().count() == 1
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_ten_objections__never_publish_what_somebody_objects_to(
    ready: ChangeRequest, owner: User, reviewers: list[User]
) -> None:
    acts: list[Act] = [lambda: publication.publish(ready, acting_user=owner)] * EACH
    acts += [
        lambda user=user: reviews.request_changes(ready, "No.", acting_user=user, seen=seen(ready))  # type: ignore[misc]
        for user in reviewers
    ]
    outcomes = at_once(acts)
    there = now(ready)
    if there.state == State.PUBLISHED:
        assert standing(ready).objections == ()
        assert len(done(outcomes)) == 1
    else:
        assert there.state == State.CHANGES_REQUESTED
        assert not Release.objects.exists()
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_ten_edits__never_publish_unapproved_content(
    ready: ChangeRequest, author: User, owner: User
) -> None:
    assert ready.draft is not None
    policy = documents(share=50)["router_policy"]
    editing.save_document(ready.draft, "router_policy", policy, acting_user=author)
    acts: list[Act] = [lambda: publication.publish(ready, acting_user=owner)] * EACH
    acts += [lambda: changes.update_content(ready, acting_user=author)] * EACH
    outcomes = at_once(acts)
    for release in Release.objects.all():
        assert release.bundle == ready.bundle
    assert (now(ready).state == State.PUBLISHED) == Release.objects.exists()
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_ten_withdrawals__one_wins(
    ready: ChangeRequest, author: User, owner: User
) -> None:
    acts: list[Act] = [lambda: publication.publish(ready, acting_user=owner)] * EACH
    acts += [lambda: changes.withdraw(ready, acting_user=author)] * EACH
    outcomes = at_once(acts)
    assert len(done(outcomes)) == 1
    assert now(ready).state in (State.PUBLISHED, State.WITHDRAWN)
    assert (now(ready).state == State.PUBLISHED) == Release.objects.exists()
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_ten_stricter_rules__come_before_or_not_at_all(
    ready: ChangeRequest, staging: Environment, administrator: User, owner: User
) -> None:
    stricter = replace(EnvironmentRules.of(staging), required_approvals=5)
    acts: list[Act] = [lambda: publication.publish(ready, acting_user=owner)] * EACH
    acts += [lambda: change_rules(staging, stricter, acting_user=administrator)] * EACH
    outcomes = at_once(acts)
    is_out = Release.objects.exists()
    assert now(ready).state == (State.PUBLISHED if is_out else State.IN_REVIEW)
    staging.refresh_from_db()
    assert staging.required_approvals == 5
    assert every_loser_is_told_why(outcomes)
    assert whole()


def test_ten_publications_against_a_lost_role__are_refused_once_it_is_gone(
    ready: ChangeRequest, administrator: User, operator: User
) -> None:
    role = Membership.objects.get(user=operator, role=Role.OPERATOR)

    def publish() -> object:
        fresh = User.objects.get(pk=operator.pk)
        return publication.publish(ready, acting_user=fresh)

    acts: list[Act] = [publish] * EACH
    acts += [lambda: members.remove_member(role, acting_user=administrator)]
    outcomes = at_once(acts)
    assert len([found for found in done(outcomes) if isinstance(found, Release)]) <= 1
    assert (now(ready).state == State.PUBLISHED) == Release.objects.exists()
    assert every_loser_is_told_why(outcomes)
    assert whole()
