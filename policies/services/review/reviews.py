"""Reviews: a named person's word on one exact proposal."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.governance.transitions import State
from policies.models import ChangeRequest, Review
from policies.models.changes import ReviewVerdict
from policies.notifications.news import shortened
from policies.services import audit
from policies.services.locking import held_changes, hold_open_changes, locked_change
from policies.services.review import computed_checks, guards, standings
from policies.services.review.settling import settle
from policies.services.review.voiding import bring_objections_back

LONGEST_BECAUSE = 190


@transaction.atomic
def approve(change: ChangeRequest, reason: str, *, acting_user: User, seen: str) -> Review:
    """Approve exactly what is there now; `seen` is the subject digest the person was shown."""
    change = locked_change(change)
    guards.require_state("approve", change, acting_user)
    computed_checks.refresh_computed(change)
    guards.require("approve", change, acting_user)
    review = _say(change, ReviewVerdict.APPROVE, reason, acting_user, seen)
    is_enough = standings.standing_of(change).is_enough
    if is_enough:
        change.state, change.approved_at = State.APPROVED, timezone.now()
        change.save(update_fields=["state", "approved_at", "updated_at"])
    note(review, is_enough=is_enough)
    return review


@transaction.atomic
def request_changes(change: ChangeRequest, reason: str, *, acting_user: User, seen: str) -> Review:
    """Ask the author for something else; outranks any number of approvals, also of other open
    change requests that ask for the same in this environment.
    """
    others = _held_with_same(change)
    change = locked_change(change)
    guards.require("request_changes", change, acting_user)
    review = _say(change, ReviewVerdict.REQUEST_CHANGES, reason, acting_user, seen)
    change.state, change.approved_at = State.CHANGES_REQUESTED, None
    change.save(update_fields=["state", "approved_at", "updated_at"])
    note(review)
    _object_to(others, review)
    return review


@transaction.atomic
def reject(change: ChangeRequest, reason: str, *, acting_user: User, seen: str) -> Review:
    """Close the proposal for good; it stands as an objection to others that ask for the same."""
    others = _held_with_same(change)
    change = locked_change(change)
    guards.require("reject", change, acting_user)
    review = _say(change, ReviewVerdict.REJECT, reason, acting_user, seen)
    change.state, change.closed_at = State.REJECTED, timezone.now()
    change.save(update_fields=["state", "closed_at", "updated_at"])
    note(review)
    _object_to(others, review)
    return review


def _held_with_same(change: ChangeRequest) -> list[int]:
    """Keys of the environment's other open change requests that ask for the same, held with it."""
    same = Q(environment=change.environment_id, bundle__intent=change.bundle.intent)
    return [key for key in hold_open_changes(same | Q(pk=change.pk)) if key != change.pk]


def _object_to(others: list[int], review: Review) -> None:
    """Let an objection stand on these as well; what was approved of them goes back to review."""
    because = f"{review.reviewer} objects to the same content in #{review.change.number}."
    for other in held_changes(others):
        subject = standings.subject_digest(other)
        bring_objections_back(other, acting_user=review.reviewer)
        settle(other, acting_user=review.reviewer, subject_before=subject, because=because)


@transaction.atomic
def take_back(change: ChangeRequest, reason: str, *, acting_user: User) -> Review:
    """Let one's own word no longer count: an approval given too soon, an objection answered."""
    change = locked_change(change)
    guards.require_state("take_back", change, acting_user)
    computed_checks.refresh_computed(change)
    guards.require("take_back", change, acting_user)
    _require_reason(reason)
    review = change.reviews.standing().select_related("reviewer").get(reviewer=acting_user)
    review.voided_at = timezone.now()
    review.voided_because = shortened(f"Taken back: {reason.strip()}", LONGEST_BECAUSE)
    review.save(update_fields=["voided_at", "voided_because"])
    audit.record_change(
        "review.taken_back",
        change,
        acting_user=acting_user,
        before=review.subject_digest,
        detail={"verdict": review.verdict, "reason": reason.strip()},
    )
    subject = standings.subject_digest(change)
    because = f"{acting_user} took a review back."
    settle(change, acting_user=acting_user, subject_before=subject, because=because)
    return review


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(Reason("reason", "A review needs a reason.", "Say why in a sentence."))


def say(
    change: ChangeRequest, verdict: str, reason: str, acting_user: User, subject: str
) -> Review:
    """Keep a person's word on one subject, in place of what they said before; unguarded."""
    _require_reason(reason)
    Review.objects.filter(change=change, reviewer=acting_user, voided_at=None).update(
        voided_at=timezone.now(), voided_because="Replaced by a newer review."
    )
    return Review.objects.create(
        change=change,
        reviewer=acting_user,
        verdict=verdict,
        reason=reason.strip(),
        subject_digest=subject,
        meaning=change.bundle.meaning,
    )


def _say(change: ChangeRequest, verdict: str, reason: str, acting_user: User, seen: str) -> Review:
    _require_reason(reason)
    subject = standings.subject_digest(change)
    require_seen(seen, subject)
    return say(change, verdict, reason, acting_user, subject)


def require_seen(seen: str, subject: str) -> None:
    """Raise Refused where the person was shown something else than what they would judge."""
    if seen != subject:
        raise Refused(
            Reason(
                "stale",
                "The proposal changed after you opened this page.",
                "Reload the page and look again before you decide.",
            )
        )


def note(review: Review, **more: bool) -> None:
    """The audit row of a review."""
    change = review.change
    audit.record_change(
        f"review.{review.verdict}",
        change,
        acting_user=review.reviewer,
        after=review.subject_digest,
        detail={"reason": review.reason, **more},
    )
