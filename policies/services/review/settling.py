"""Where a change request stands after the rules around it changed."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Q
from django.utils import timezone

from policies.governance.transitions import State
from policies.models import ChangeRequest, Review
from policies.models.changes import ReviewVerdict
from policies.services import audit
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.catalogue_moves import catalogue_moves
from policies.services.authoring.retirements import retiring_keys
from policies.services.locking import locked_open_changes
from policies.services.review import computed_checks, standings
from policies.services.review.contributing import worked_on
from policies.services.review.facts import ChangeFacts
from policies.services.review.voiding import void_approvals


def settle(
    change: ChangeRequest, *, acting_user: User | None, subject_before: str, because: str
) -> None:
    """Re-run what the console computes, void approvals of another subject, correct the state.

    Without this an approved change whose rules were tightened could be neither published nor
    approved again. `subject_before` is the subject digest before the rules changed; the change
    is locked by the caller.
    """
    computed_checks.refresh_computed(change)
    facts = ChangeFacts(change)
    if standings.subject_digest(change, facts) != subject_before:
        void_approvals(change, because, acting_user=acting_user)
    # Reviews are read here and no sooner: after those that count no longer were voided.
    standing = standings.standing_of(change, facts)
    target = State(change.state)
    if change.state == State.CHANGES_REQUESTED and not standing.objections:
        target = State.IN_REVIEW
    if change.state == State.APPROVED and not standing.is_enough:
        target = State.IN_REVIEW
    elif target == State.IN_REVIEW and standing.is_enough and all(s.passes for s in facts.states):
        target = State.APPROVED
    if target != change.state:
        _move(change, target, because, acting_user)


def _move(change: ChangeRequest, target: State, because: str, acting_user: User | None) -> None:
    before, change.state = change.state, target
    change.approved_at = timezone.now() if target == State.APPROVED else None
    change.save(update_fields=["state", "approved_at", "updated_at"])
    audit.record(
        "change.settled",
        change,
        acting_user=acting_user,
        workflow=change.workflow,
        detail={"number": change.number, "from": before, "to": target.value, "because": because},
    )


def settle_impact(change: ChangeRequest) -> None:
    """After its impact was measured: rules on risk may ask for more approvals now.

    The caller holds the change request.
    """
    if not change.is_open or not change.protection.risk_rules:
        return
    subject = standings.subject_digest(change)
    settle(
        change,
        acting_user=None,
        subject_before=subject,
        because="The blast radius was measured, and the rules on risk held against it.",
    )


@transaction.atomic
def settle_users_of(models: Collection[str], *, acting_user: User | None, because: str) -> None:
    """After something new is known of these models: open change requests that route to them."""
    concerned = Q(bundle__content__catalogue__models__has_any_keys=sorted(models))
    for change in locked_open_changes(concerned):
        subject = standings.subject_digest(change)
        settle(change, acting_user=acting_user, subject_before=subject, because=because)


def settle_lapsed_approvals() -> None:
    """Take approved change requests back whose approvals count no longer: the account was closed
    since, or its person worked on the same content elsewhere.

    They could not be published as they are; in review, somebody else may approve them.
    """
    lapsed = Review.objects.standing().filter(
        Q(reviewer__is_active=False) | worked_on(OuterRef("reviewer"), "change__"),
        verdict=ReviewVerdict.APPROVE,
        change__state=State.APPROVED,
    )
    concerned = Q(state=State.APPROVED, pk__in=lapsed.values("change"))
    with transaction.atomic():
        for change in locked_open_changes(concerned):
            subject = standings.subject_digest(change)
            because = (
                "An approval counts no longer: its person's account was closed, or they worked on "
                "the same content."
            )
            settle(change, acting_user=None, subject_before=subject, because=because)


def settle_catalogue() -> None:
    """Hold open change requests to the calendar: what they route to may retire by now, or a price
    that was told beforehand may have begun."""
    now = catalogue_document()
    contents = ChangeRequest.objects.open().values_list("bundle__content", flat=True)
    moved = {found.model for content in contents for found in catalogue_moves(content, now)}
    keys = retiring_keys() | moved
    if keys:
        because = "A retirement came near, or the catalogue moved."
        settle_users_of(keys, acting_user=None, because=because)
