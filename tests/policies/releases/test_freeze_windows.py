"""Times in which nothing is published: with a reason, an end, and ways out for emergencies."""

import datetime

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.models import AuditEvent, Environment, FreezeWindow, Release
from policies.services.releases import freezing, publication
from policies.services.teams.members import add_member
from tests.policies.review_steps import HOUR, later
from tests.policies.steps import REASON, approved, documents, glass_broken, in_review, published


def frozen_now(
    environment: Environment, operator: User, *, everywhere: bool = False
) -> FreezeWindow:
    now = timezone.now()
    return freezing.freeze(
        environment.workflow,
        now,
        now + 2 * HOUR,
        "Year-end sale.",
        acting_user=operator,
        environment=None if everywhere else environment,
    )


@pytest.mark.parametrize("everywhere", [False, True])
def test_frozen__publication_is_refused_with_reason_and_end(
    staging: Environment, author: User, owner: User, operator: User, everywhere: bool
) -> None:
    change = approved(in_review(staging, author), owner)
    frozen_now(staging, operator, everywhere=everywhere)
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=owner)
    (reason,) = refusal.value.reasons
    assert reason.code == "frozen"
    assert "Year-end sale." in reason.sentence and "UTC" in reason.sentence
    with later(3 * HOUR):
        publication.publish(change, acting_user=owner)


def test_frozen__elsewhere__does_not_matter(
    staging: Environment, production: Environment, author: User, owner: User, operator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    frozen_now(production, operator)
    publication.publish(change, acting_user=owner)


def test_frozen__rollback_goes_on(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    first = published(staging, author, [owner], owner)
    published(staging, author, [owner], owner, documents(share=50))
    frozen_now(staging, operator)
    publication.roll_back(first, "Errors doubled.", acting_user=operator)
    assert Release.objects.active().get().number == 3


def test_frozen__glass_can_be_broken_without_a_debt_when_all_have_approved(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    frozen_now(staging, operator)
    with pytest.raises(Refused) as refusal:
        glass_broken(change, operator)
    (reason,) = refusal.value.reasons
    assert reason.code == "through_freeze" and "frozen until" in reason.sentence
    release = glass_broken(change, operator, through_freeze=True)
    assert release.kind == "break_glass"
    assert not hasattr(release, "debt")


def test_lifted__publication_goes_on(
    staging: Environment, author: User, owner: User, operator: User, administrator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    window = frozen_now(staging, operator)
    freezing.lift(window, acting_user=administrator)
    freezing.lift(window, acting_user=administrator)
    publication.publish(change, acting_user=owner)
    actions = AuditEvent.objects.filter(action__startswith="freeze.").order_by("sequence")
    assert [event.action for event in actions] == ["freeze.created", "freeze.lifted"]


def test_freeze__lifted_by_who_worked_on_what_it_holds_back__is_refused(
    staging: Environment, production: Environment, author: User, operator: User, administrator: User
) -> None:
    add_member(staging.workflow.team, author, Role.OPERATOR, acting_user=administrator)
    change = in_review(staging, author)
    for everywhere in (False, True):
        window = frozen_now(staging, operator, everywhere=everywhere)
        with pytest.raises(Refused) as refusal:
            freezing.lift(window, acting_user=author)
        assert refusal.value.codes == ("four_eyes",)
        assert f"You worked on #{change.number}" in str(refusal.value)
    freezing.lift(frozen_now(production, operator), acting_user=author)
    freezing.lift(window, acting_user=operator)


def test_freeze__by_an_author_or_without_sense__is_refused(
    staging: Environment, author: User, operator: User, production: Environment
) -> None:
    now = timezone.now()
    workflow = staging.workflow
    for person, start, end, reason, code in (
        (author, now, now + HOUR, REASON, "role"),
        (operator, now + HOUR, now, REASON, "ends_at"),
        (operator, now - 2 * HOUR, now - HOUR, REASON, "ends_at"),
        (operator, now, now + HOUR, "  ", "reason"),
    ):
        with pytest.raises(Refused) as refusal:
            freezing.freeze(workflow, start, end, reason, acting_user=person)
        assert code in refusal.value.codes
    assert not FreezeWindow.objects.exists()


def test_database__knows_no_freeze_that_ends_before_it_starts(
    staging: Environment, operator: User
) -> None:
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        FreezeWindow.objects.create(
            workflow=staging.workflow,
            starts_at=now,
            ends_at=now - datetime.timedelta(seconds=1),
            reason="?",
            created_by=operator,
        )
