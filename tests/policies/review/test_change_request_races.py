"""Many at once: one consistent outcome each, the losers told why, the audit chain whole.

Real threads with connections of their own; on PostgreSQL they truly overlap.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release, Workflow
from policies.services import audit
from policies.services.authoring import editing
from policies.services.releases import (
    breaking_glass,
    freezing,
    publication,
    scheduling,
    sealing,
)
from policies.services.review import changes, reviews, threads
from policies.services.teams.contracts import save_contract
from policies.services.teams.members import add_member, remove_member
from tests.policies.cast import CONTRACT, person
from tests.policies.review_steps import MINUTE, later, measure, ruled
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    draft_of,
    glass_broken,
    in_review,
    now,
    pass_evaluation,
    published,
    seen,
    standing,
)

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 20
RISKY = {"condition": "rerouted", "above": 0.2, "approvals": 1, "role": None}
Act = Callable[[], object]


def at_once(acts: list[Act]) -> list[object]:
    """What each act gave or was refused with. Anything else that is raised fails the test."""
    start = threading.Barrier(len(acts))

    def run(act: Act) -> object:
        start.wait(timeout=30)
        try:
            return act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, act) for act in acts]]


def done(outcomes: list[object]) -> list[object]:
    return [outcome for outcome in outcomes if not isinstance(outcome, Refused)]


@pytest.fixture
def reviewers(workflow: Workflow, administrator: User) -> list[User]:
    people = [person(f"reviewer{number}", "One More") for number in range(THREADS)]
    for user in people:
        add_member(workflow.team, user, Role.REVIEWER, acting_user=administrator)
    return people


def test_approvals__twenty_at_once__count_exactly_until_enough(
    production: Environment, author: User, owner: User, reviewers: list[User]
) -> None:
    change = approved(in_review(production, author), owner)
    acts: list[Act] = [
        lambda user=user: reviews.approve(change, REASON, acting_user=user, seen=seen(change))  # type: ignore[misc]
        for user in reviewers
    ]
    outcomes = at_once(acts)
    assert now(change).state == State.APPROVED
    assert len(done(outcomes)) == 1
    assert len(standing(change).approvals) == 2
    assert list(audit.breaks()) == []


def test_approve_against_edit__never_leaves_an_approval_of_other_content(
    staging: Environment, author: User, owner: User, reviewers: list[User]
) -> None:
    change = in_review(staging, author)
    assert change.draft is not None
    policy = documents(share=50)["router_policy"]
    editing.save_document(change.draft, "router_policy", policy, acting_user=author)
    acts: list[Act] = [
        lambda user=user: reviews.approve(change, REASON, acting_user=user, seen=seen(change))  # type: ignore[misc]
        for user in [owner, *reviewers[:9]]
    ]
    acts += [lambda: changes.update_content(change, acting_user=author)] * 10
    outcomes = at_once(acts)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert all(refusal.reasons for refusal in refusals)
    assert list(audit.breaks()) == []
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()
    assert not now(change).reviews.standing().exists()


def test_approve_against_new_evidence__leaves_no_stale_approval(
    staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    at_once(
        [
            lambda: reviews.approve(change, REASON, acting_user=owner, seen=seen(change)),
            lambda: pass_evaluation(change, run="run-2"),
        ]
    )
    there = now(change)
    is_counted = len(standing(change).approvals) == 1
    assert there.state == (State.APPROVED if is_counted else State.IN_REVIEW)
    assert there.reviews.standing().exists() == is_counted


def test_publish_against_publish__raises_one_release(
    staging: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), owner)
    outcomes = at_once([lambda: publication.publish(change, acting_user=owner)] * THREADS)
    assert len(done(outcomes)) == 1
    assert [release.number for release in Release.objects.all()] == [1]
    assert list(audit.breaks()) == []


def test_publish_of_two_changes__one_wins_and_the_other_must_rebase(
    staging: Environment, author: User, owner: User
) -> None:
    both = [
        approved(in_review(staging, author, documents(share=share)), owner) for share in (50, 60)
    ]
    outcomes = at_once(
        [lambda change=change: publication.publish(change, acting_user=owner) for change in both]  # type: ignore[misc]
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == 1
    assert "check.base_up_to_date" in refusals[0].codes
    assert Release.objects.active().count() == 1


def test_publish_against_rollback__numbers_stay_in_order(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    first = published(staging, author, [owner], owner)
    published(staging, author, [owner], owner, documents(share=50))
    change = approved(in_review(staging, author, documents(share=70)), owner)
    acts: list[Act] = [lambda: publication.publish(change, acting_user=owner)]
    acts += [lambda: publication.roll_back(first, "Errors.", acting_user=operator)] * (THREADS - 1)
    at_once(acts)
    numbers = sorted(Release.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Release.objects.active().count() == 1
    assert list(audit.breaks()) == []


def test_scheduled_against_manual__raises_one_release_and_notes_no_failure(
    staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    scheduling.schedule(change, timezone.now() + MINUTE, acting_user=author)
    approved(change, owner)
    with later(2 * MINUTE):
        manual: list[Act] = [lambda: publication.publish(change, acting_user=owner)] * 10
        scheduled: list[Act] = [scheduling.publish_due] * 10
        outcomes = at_once(manual + scheduled)
    releases = [outcome for outcome in outcomes if isinstance(outcome, Release)]
    went_out = sum(outcome for outcome in outcomes if isinstance(outcome, int))
    assert len(releases) + went_out == 1
    assert Release.objects.count() == 1
    assert now(change).state == State.PUBLISHED
    assert now(change).schedule_failed_at is None
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == 10 - len(releases)
    assert all("state" in refusal.codes for refusal in refusals)
    assert list(audit.breaks()) == []


def test_scheduled_publication__that_cannot_go_out__is_noted_once_by_many_tasks(
    production: Environment, author: User, owner: User
) -> None:
    change = in_review(production, author)
    scheduling.schedule(change, timezone.now() + MINUTE, acting_user=author)
    approved(change, owner)
    with later(2 * MINUTE):
        at_once([scheduling.publish_due] * THREADS)
    assert AuditEvent.objects.filter(action="change.schedule_failed").count() == 1
    assert now(change).schedule_failed_at is not None
    assert list(audit.breaks()) == []


def test_approve_against_schedule__never_leaves_an_approval_of_another_time(
    staging: Environment, author: User, owner: User
) -> None:
    change = in_review(staging, author)
    moment = timezone.now() + 60 * MINUTE
    acts: list[Act] = [
        lambda: reviews.approve(change, REASON, acting_user=owner, seen=seen(change))
    ]
    acts += [lambda: scheduling.schedule(change, moment, acting_user=author)] * 5
    at_once(acts)
    there = now(change)
    is_counted = len(standing(change).approvals) == 1
    assert there.state == (State.APPROVED if is_counted else State.IN_REVIEW)
    assert there.reviews.standing().exists() == is_counted
    assert there.publish_at is not None


def test_publish_against_freeze__one_comes_first(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    start = timezone.now()
    outcomes = at_once(
        [
            lambda: publication.publish(change, acting_user=owner),
            lambda: freezing.freeze(
                staging.workflow,
                start,
                start + 60 * MINUTE,
                "Sale.",
                acting_user=operator,
                environment=staging,
            ),
        ]
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert all(refusal.codes == ("frozen",) for refusal in refusals)
    assert Release.objects.count() == 1 - len(refusals)


def test_break_glass_against_publish_and_approvals__raises_one_release(
    production: Environment, author: User, owner: User, operator: User, reviewers: list[User]
) -> None:
    change = approved(in_review(production, author), owner)
    acts: list[Act] = [
        lambda user=user: reviews.approve(change, REASON, acting_user=user, seen=seen(change))  # type: ignore[misc]
        for user in reviewers[:6]
    ]
    acts += [lambda: glass_broken(change, operator)] * 6
    acts += [lambda: publication.publish(change, acting_user=owner)] * 6
    at_once(acts)
    there = now(change)
    if there.state == State.APPROVED:  # approved first, so that no glass had to be broken
        assert not Release.objects.exists()
    else:
        release = Release.objects.get()
        assert hasattr(release, "debt") == (release.kind == "break_glass")
    assert list(audit.breaks()) == []


def test_debt__paid_by_many_at_once__is_settled_once(
    production: Environment, author: User, owner: User, operator: User, reviewers: list[User]
) -> None:
    change = approved(in_review(production, author), owner)
    glass_broken(change, operator)
    outcomes = at_once(
        [
            lambda user=user: breaking_glass.approve_afterwards(  # type: ignore[misc]
                change, REASON, acting_user=user, seen=seen(change)
            )
            for user in reviewers
        ]
    )
    assert len(done(outcomes)) == 1
    assert AuditEvent.objects.filter(action="debt.paid").count() == 1
    assert list(audit.breaks()) == []


def test_thread__resolved_by_many_at_once__is_on_record_once(
    staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    remark = changes.comment(change, "Why?", anchor="/router_policy", acting_user=reviewer)
    at_once([lambda: threads.resolve(remark, acting_user=owner)] * THREADS)
    assert AuditEvent.objects.filter(action="change.thread_resolved").count() == 1


def test_propose__one_draft_many_times__opens_one_change_request(
    staging: Environment, author: User
) -> None:
    draft = draft_of(staging.workflow, author)
    outcomes = at_once(
        [lambda: changes.propose(draft, staging, "Shift", "Cheaper.", acting_user=author)] * 8
    )
    assert len(done(outcomes)) == 1
    assert ChangeRequest.objects.count() == 1


def test_propose__many_drafts__get_numbers_of_their_own(staging: Environment, author: User) -> None:
    made = [draft_of(staging.workflow, author, documents(share=n)) for n in range(10, 18)]
    at_once(
        [
            lambda draft=draft: changes.propose(  # type: ignore[misc]
                draft, staging, "Shift", "Cheaper.", acting_user=author
            )
            for draft in made
        ]
    )
    numbers = sorted(ChangeRequest.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 9))
    policies = staging.workflow.versions.filter(kind="router_policy")
    assert sorted(policies.values_list("number", flat=True)) == list(range(1, 9))


def test_all_at_once__nobody_waits_in_a_ring(
    staging: Environment,
    author: User,
    co_author: User,
    owner: User,
    reviewer: User,
    operator: User,
    administrator: User,
) -> None:
    role = add_member(staging.workflow.team, operator, Role.REVIEWER, acting_user=administrator)
    start = timezone.now() + 60 * MINUTE
    window = freezing.freeze(
        staging.workflow, start, start + 60 * MINUTE, "Sale.", acting_user=operator
    )
    first = published(staging, author, [owner], owner)
    published(staging, author, [owner], owner, documents(share=50))
    ready = approved(in_review(staging, author, documents(share=60)), owner)
    other = in_review(staging, author, documents(share=70))
    draft = draft_of(staging.workflow, co_author, documents(share=80))
    assert ready.draft is not None
    edited = ready.draft
    policy = documents(share=90)["router_policy"]
    acts: list[Act] = [
        lambda: publication.publish(ready, acting_user=owner),
        lambda: publication.roll_back(first, "Errors.", acting_user=operator),
        lambda: reviews.approve(other, REASON, acting_user=reviewer, seen=seen(other)),
        lambda: reviews.request_changes(other, REASON, acting_user=owner, seen=seen(other)),
        lambda: pass_evaluation(other, run="run-2"),
        lambda: changes.rebase(other, acting_user=author),
        lambda: changes.propose(draft, staging, "Shift", "Cheaper.", acting_user=co_author),
        lambda: editing.save_document(edited, "router_policy", policy, acting_user=author),
        lambda: save_contract(
            staging.workflow, "router_policy", reviewer, CONTRACT, acting_user=owner
        ),
        lambda: sealing.renew_releases(),
        lambda: scheduling.publish_due(),
        lambda: measure(other, rerouted_share=0.9),
        lambda: ruled(staging, administrator, risk_rules=[RISKY]),
        lambda: freezing.lift(window, acting_user=operator),
        lambda: remove_member(role, acting_user=administrator),
    ]
    at_once(acts)
    assert Release.objects.active().count() == 1
    assert list(audit.breaks()) == []
