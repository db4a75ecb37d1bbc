"""When what was reviewed is no longer what is there."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.transitions import State
from policies.models import ChangeRequest
from policies.models.changes import ReviewQuerySet, ReviewVerdict
from policies.services import audit


def void_approvals(change: ChangeRequest, because: str, *, acting_user: User | None) -> None:
    """Void every standing approval; an approved change goes back to review.

    Objections stay: only their authors, or an answer to them, take them away. What was said of a
    closed change request stays as it was said.
    """
    if not change.is_open:
        return
    approvals = change.reviews.standing().filter(verdict=ReviewVerdict.APPROVE)
    _void(change, approvals, because, acting_user)
    if change.state == State.APPROVED:
        change.state, change.approved_at = State.IN_REVIEW, None
        change.save(update_fields=["state", "approved_at", "updated_at"])


def void_answered_objections(
    change: ChangeRequest, subject_digest: str, *, acting_user: User
) -> None:
    """Void objections to something else than what is now submitted.

    Submitting the very same proposal again does not silence anybody.
    """
    because = "Submitted again with other content."
    answered = change.reviews.standing().exclude(subject_digest=subject_digest)
    _void(change, answered, because, acting_user)


def _void(
    change: ChangeRequest, reviews: ReviewQuerySet, because: str, acting_user: User | None
) -> None:
    approvals = reviews.filter(verdict=ReviewVerdict.APPROVE)
    approvers = list(approvals.values_list("reviewer__username", flat=True))
    count = reviews.update(voided_at=timezone.now(), voided_because=because)
    if count:
        audit.record(
            "change.reviews_voided",
            change,
            acting_user=acting_user,
            workflow=change.workflow,
            detail={
                "number": change.number,
                "because": because,
                "reviews": count,
                "approvers": approvers,
            },
        )
