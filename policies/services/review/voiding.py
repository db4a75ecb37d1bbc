"""When what was reviewed is no longer what is there."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from policies.governance.permissions import CAPABILITIES
from policies.governance.transitions import State
from policies.models import Bundle, ChangeRequest, Membership, Review
from policies.models.changes import ReviewQuerySet, ReviewVerdict
from policies.services import audit

ANSWERED = "Submitted again with content that does something else."


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


def void_answered_objections(change: ChangeRequest, *, acting_user: User) -> None:
    """Void objections to content that asked for something else than what is now submitted.

    Other words, warnings acknowledged, or another base, from which splits go on, silence nobody.
    """
    standing = change.reviews.standing().exclude(verdict=ReviewVerdict.APPROVE)
    answered = standing.exclude(meaning__in=_same_intent(change))
    _void(change, answered, ANSWERED, acting_user)


def bring_objections_back(change: ChangeRequest, *, acting_user: User | None) -> None:
    """Let objections stand that were made in this environment to content that asked for the same,
    on this change request or another, and that nobody resolved: neither by another word of theirs
    nor by taking it back. Only of people who may still review, and who did not propose it.
    """
    silent = change.reviews.standing().values("reviewer")
    said = Review.objects.filter(
        meaning__in=_same_intent(change),
        change__workflow=change.workflow_id,
        change__environment=change.environment_id,
        reviewer__in=_reviewers(change),
    ).exclude(reviewer__in=silent)
    newest = {review.reviewer_id: review for review in said.select_related("change").order_by("pk")}
    back = [review for review in newest.values() if _is_unresolved(review)]
    for review in back:
        _stand_again(review, change)
    if back:
        audit.record_change(
            "change.objections_kept", change, acting_user=acting_user, detail={"reviews": len(back)}
        )


def _same_intent(change: ChangeRequest) -> QuerySet[Bundle, str]:
    """Meanings of all content of the workflow that asks for the same."""
    rows = Bundle.objects.filter(workflow=change.workflow_id, intent=change.bundle.intent)
    return rows.values_list("meaning", flat=True)


def _reviewers(change: ChangeRequest) -> QuerySet[Membership, int]:
    roles = [role for role, held in CAPABILITIES.items() if "review" in held]
    rows = Membership.objects.filter(
        team=change.workflow.team_id, role__in=roles, user__is_active=True
    )
    return rows.exclude(user__in=change.contributors.all()).values_list("user", flat=True)


def _is_unresolved(review: Review) -> bool:
    if review.verdict == ReviewVerdict.APPROVE:
        return False
    return review.voided_at is None or review.voided_because == ANSWERED


def _stand_again(review: Review, change: ChangeRequest) -> None:
    if review.change_id == change.pk:
        review.voided_at, review.voided_because = None, ""
        review.save(update_fields=["voided_at", "voided_because"])
        return
    Review.objects.create(
        change=change,
        reviewer_id=review.reviewer_id,
        verdict=ReviewVerdict.REQUEST_CHANGES,
        reason=f"Said of #{review.change.number}, which proposed the same: {review.reason}",
        subject_digest=review.subject_digest,
        meaning=review.meaning,
    )


def _void(
    change: ChangeRequest, reviews: ReviewQuerySet, because: str, acting_user: User | None
) -> None:
    approvals = reviews.filter(verdict=ReviewVerdict.APPROVE)
    approvers = list(approvals.values_list("reviewer__username", flat=True))
    count = reviews.update(voided_at=timezone.now(), voided_because=because)
    if count:
        detail = {"because": because, "reviews": count, "approvers": approvers}
        audit.record_change("change.reviews_voided", change, acting_user=acting_user, detail=detail)
