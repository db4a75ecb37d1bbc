"""What waits for a person: the moves that only they, or people like them, can make."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from policies.models import ChangeRequest
from policies.permissions import can
from policies.services import checks, guards
from policies.transitions import State


@dataclass(frozen=True)
class Waiting:
    """One change request and what it wants of this person."""

    change: ChangeRequest
    what: str


def waiting_for(user: User) -> list[Waiting]:
    """Change requests that this person could move on now, the longest waiting first."""
    rows = (
        ChangeRequest.objects.visible_to(user)
        .open()
        .with_related()
        .prefetch_related("contributors", "reviews")
        .order_by("updated_at")
    )
    found = ((change, _wanted(change, user)) for change in rows)
    return [Waiting(change, what) for change, what in found if what]


def _wanted(change: ChangeRequest, user: User) -> str:
    team = change.workflow.team
    is_contributor = any(contributor.pk == user.pk for contributor in change.contributors.all())
    if change.state == State.IN_REVIEW and can(user, "review", team) and not is_contributor:
        return "" if _has_approved(change, user) else "Your review"
    if change.state == State.APPROVED and can(user, "publish", team):
        return "Publication"
    if is_contributor and can(user, "propose", team):
        if change.state == State.CHANGES_REQUESTED:
            return "Your answer to the changes asked for"
        if change.state == State.DRAFT:
            return "Submission for review"
    return ""


def _has_approved(change: ChangeRequest, user: User) -> bool:
    """Whether the person's approval of exactly what is there now stands."""
    mine = [
        review
        for review in change.reviews.all()
        if review.reviewer_id == user.pk and review.voided_at is None
    ]
    if not mine:
        return False
    subject = guards.subject_digest(change, checks.states_of(change))
    return any(review.subject_digest == subject for review in mine)
