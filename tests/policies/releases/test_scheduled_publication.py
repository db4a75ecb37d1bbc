"""A change request that publishes itself at a set time, and says why when it does not."""

import datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release
from policies.notifications.events import Event
from policies.services import audit
from policies.services.news import news
from policies.services.releases import freezing, publication, scheduling
from policies.services.review import changes, guards
from policies.tasks import publish_scheduled
from tests.policies.review_steps import HOUR, MINUTE, later, ruled
from tests.policies.steps import approved, documents, in_review, now, published


def scheduled(
    environment: Environment, author: User, *approvers: User, after: datetime.timedelta = HOUR
) -> ChangeRequest:
    """Approved for a time to come."""
    change = in_review(environment, author)
    scheduling.schedule(change, timezone.now() + after, acting_user=author)
    return approved(change, *approvers)


def test_due__is_published_in_the_name_of_who_set_the_time(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    publish_scheduled()
    assert not Release.objects.exists()
    with later(HOUR):
        publish_scheduled()
    release = Release.objects.get()
    assert release.published_by == author
    assert release.approved_by == ["owner"]
    assert now(change).state == State.PUBLISHED
    event = AuditEvent.objects.get(action="release.publication")
    assert (event.origin, event.actor) == ("task", author)


def test_due__delivered_twice__publishes_once(
    staging: Environment, author: User, owner: User
) -> None:
    scheduled(staging, author, owner)
    with later(HOUR):
        publish_scheduled()
        publish_scheduled()
    assert Release.objects.count() == 1
    assert list(audit.breaks()) == []


def test_before_its_time__nobody_publishes_by_hand(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=owner)
    assert refusal.value.codes == ("scheduled",)


def test_due_but_not_approved__says_every_reason_once_and_tells_those_concerned(
    production: Environment, author: User, owner: User, operator: User
) -> None:
    change = scheduled(production, author, owner)
    with later(HOUR):
        publish_scheduled()
        publish_scheduled()
        there = now(change)
        assert there.state == State.IN_REVIEW
        codes = [reason["code"] for reason in there.schedule_failure]
        assert codes == ["state", "approvals"]
        assert AuditEvent.objects.filter(action="change.schedule_failed").count() == 1
        news.tell_news()
    told = operator.notifications.get(event=Event.SCHEDULE_FAILED)
    assert told.note


def test_failed__can_be_published_by_hand_when_the_reason_is_gone(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    change = scheduled(staging, author, owner)
    start = timezone.now()
    window = freezing.freeze(
        staging.workflow, start, start + 3 * HOUR, "Holidays.", acting_user=operator
    )
    with later(HOUR):
        publish_scheduled()
        assert [reason["code"] for reason in now(change).schedule_failure] == ["frozen"]
        assert now(change).state == State.APPROVED
        freezing.lift(window, acting_user=operator)
        publish_scheduled()
        assert not Release.objects.exists()
        publication.publish(now(change), acting_user=operator)
    assert Release.objects.count() == 1


def test_missed_by_hours__is_not_made_up_for_unasked(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    with later(3 * HOUR):
        publish_scheduled()
    assert [reason["code"] for reason in now(change).schedule_failure] == ["late"]
    assert not Release.objects.exists()


def test_base_moved_meanwhile__fails_and_says_so(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    published(staging, author, [owner], owner, documents(share=50))
    with later(HOUR):
        publish_scheduled()
    codes = [reason["code"] for reason in now(change).schedule_failure]
    assert codes == ["check.base_up_to_date"]


def test_scheduler_who_left__fails_and_says_so(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    author.memberships.all().delete()
    with later(HOUR):
        publish_scheduled()
    assert "scheduler" in [reason["code"] for reason in now(change).schedule_failure]


def test_time_that_is_over_or_far_or_frozen__is_refused(
    staging: Environment, author: User, operator: User
) -> None:
    change = in_review(staging, author)
    start = timezone.now()
    freezing.freeze(
        staging.workflow, start + HOUR, start + 3 * HOUR, "Holidays.", acting_user=operator
    )
    for delta, code in (
        (-MINUTE, "schedule"),
        (datetime.timedelta(days=400), "schedule"),
        (2 * HOUR, "frozen"),
    ):
        with pytest.raises(Refused) as refusal:
            scheduling.schedule(change, start + delta, acting_user=author)
        assert refusal.value.codes == (code,)
    assert now(change).publish_at is None


def test_reviewer__sets_no_time__operator_does(
    staging: Environment, author: User, reviewer: User, operator: User
) -> None:
    change = in_review(staging, author)
    moment = timezone.now() + HOUR
    with pytest.raises(Refused) as refusal:
        scheduling.schedule(change, moment, acting_user=reviewer)
    assert refusal.value.codes == ("role",)
    assert scheduling.schedule(change, moment, acting_user=operator).scheduled_by == operator
    assert scheduling.schedule(change, None, acting_user=author).publish_at is None


def test_time_set_anew__after_a_failure__is_tried_again(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    with later(3 * HOUR):
        publish_scheduled()
        scheduling.schedule(change, timezone.now() + HOUR, acting_user=author)
        assert now(change).schedule_failed_at is None
        assert now(change).state == State.IN_REVIEW
        approved(change, owner)
    with later(4 * HOUR):
        publish_scheduled()
    assert Release.objects.count() == 1


def test_withdrawn__is_not_published(staging: Environment, author: User, owner: User) -> None:
    change = scheduled(staging, author, owner)
    changes.withdraw(change, acting_user=author)
    with later(HOUR):
        publish_scheduled()
    assert not Release.objects.exists()
    assert now(change).schedule_failed_at is None


def test_re_authentication_demanded__was_shown_by_the_approvers__so_the_task_may_publish(
    staging: Environment, author: User, owner: User, administrator: User
) -> None:
    scheduled(staging, author, owner)
    ruled(staging, administrator, reauthenticate_to_approve=True)
    with later(HOUR):
        publish_scheduled()
    assert Release.objects.count() == 1


def test_why_not_publish__of_a_scheduled_change__names_the_time(
    staging: Environment, author: User, owner: User
) -> None:
    change = scheduled(staging, author, owner)
    (reason,) = guards.why_not("publish", change, owner)
    assert "UTC" in reason.sentence
