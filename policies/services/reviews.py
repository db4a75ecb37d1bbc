"""Reviews: a named person's word on one exact proposal."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.models import ChangeRequest, Review
from policies.models.changes import ReviewVerdict
from policies.refusals import Reason, Refused
from policies.services import audit, checks, guards
from policies.services.locking import locked_change
from policies.transitions import State


@transaction.atomic
def approve(
    change: ChangeRequest, reason: str, *, acting_user: User, seen: str | None = None
) -> Review:
    """Approve exactly what is there now; `seen` is the subject digest the person was shown."""
    change = locked_change(change)
    checks.refresh_computed(change)
    guards.require("approve", change, acting_user)
    review = _say(change, ReviewVerdict.APPROVE, reason, acting_user, seen)
    is_enough = guards.standing_of(change).is_enough
    if is_enough:
        change.state, change.approved_at = State.APPROVED, timezone.now()
        change.save(update_fields=["state", "approved_at", "updated_at"])
    _note(review, is_enough=is_enough)
    return review


@transaction.atomic
def request_changes(
    change: ChangeRequest, reason: str, *, acting_user: User, seen: str | None = None
) -> Review:
    """Ask the author for something else; outranks any number of approvals."""
    change = locked_change(change)
    guards.require("request_changes", change, acting_user)
    review = _say(change, ReviewVerdict.REQUEST_CHANGES, reason, acting_user, seen)
    change.state, change.approved_at = State.CHANGES_REQUESTED, None
    change.save(update_fields=["state", "approved_at", "updated_at"])
    _note(review)
    return review


@transaction.atomic
def reject(
    change: ChangeRequest, reason: str, *, acting_user: User, seen: str | None = None
) -> Review:
    """Close the proposal for good."""
    change = locked_change(change)
    guards.require("reject", change, acting_user)
    review = _say(change, ReviewVerdict.REJECT, reason, acting_user, seen)
    change.state, change.closed_at = State.REJECTED, timezone.now()
    change.save(update_fields=["state", "closed_at", "updated_at"])
    _note(review)
    return review


def _say(
    change: ChangeRequest, verdict: str, reason: str, acting_user: User, seen: str | None
) -> Review:
    if not reason.strip():
        raise Refused(Reason("reason", "A review needs a reason.", "Say why in a sentence."))
    subject = guards.subject_digest(change)
    if seen is not None and seen != subject:
        raise Refused(
            Reason(
                "stale",
                "The proposal changed after you opened this page.",
                "Reload the page and look again before you decide.",
            )
        )
    Review.objects.filter(change=change, reviewer=acting_user, voided_at=None).update(
        voided_at=timezone.now(), voided_because="Replaced by a newer review."
    )
    return Review.objects.create(
        change=change,
        reviewer=acting_user,
        verdict=verdict,
        reason=reason.strip(),
        subject_digest=subject,
    )


def _note(review: Review, **more: bool) -> None:
    change = review.change
    audit.record(
        f"review.{review.verdict}",
        change,
        acting_user=review.reviewer,
        workflow=change.workflow,
        after=review.subject_digest,
        detail={"number": change.number, "reason": review.reason, **more},
    )
