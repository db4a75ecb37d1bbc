"""Where a change request stands after the rules around it changed."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
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
    audit.record_change(
        "change.settled",
        change,
        acting_user=acting_user,
        detail={"from": before, "to": target.value, "because": because},
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
    """Take change requests back whose approvals count no longer: the account was closed since, its
    person worked on the same content elsewhere, or it was given on something else than what an
    approval is bound to now, as before an upgrade that binds it to more.

    They could not be published as they are; in review, somebody may approve them.
    """
    approvals = Review.objects.standing().filter(verdict=ReviewVerdict.APPROVE)
    is_judged = Q(state__in=(State.IN_REVIEW, State.APPROVED), pk__in=approvals.values("change"))
    rows = ChangeRequest.objects.to_judge().filter(is_judged)
    lapsed = [change.pk for change in rows if _is_lapsed(change)]
    with transaction.atomic():
        for change in locked_open_changes(is_judged & Q(pk__in=lapsed)):
            because = (
                "An approval counts no longer: its person's account was closed, they worked on the "
                "same content, or it was given on something else than what is there now."
            )
            before = _other_subject(standings.standing_of(change))
            subject = before or standings.subject_digest(change)
            settle(change, acting_user=None, subject_before=subject, because=because)


def _is_lapsed(change: ChangeRequest) -> bool:
    standing = standings.standing_of(change)
    is_short = change.state == State.APPROVED and not standing.is_enough
    return is_short or _other_subject(standing) is not None


def _other_subject(standing: standings.Standing) -> str | None:
    """What an approval that still stands was given on, where that is not what is there now."""
    given = (review for review in standing.reviews if review.verdict == ReviewVerdict.APPROVE)
    others = (review.subject_digest for review in given)
    return next((subject for subject in others if subject != standing.subject_digest), None)


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
