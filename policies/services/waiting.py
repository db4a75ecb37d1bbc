"""What waits for a person: the moves that only they, or people like them, can make."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from policies.models import ChangeRequest, Review
from policies.models.changes import ReviewVerdict
from policies.permissions import can
from policies.services import guards
from policies.services.breaking_glass import open_debts
from policies.transitions import State


@dataclass(frozen=True)
class Waiting:
    """One change request and what it wants of this person."""

    change: ChangeRequest
    what: str


def waiting_for(user: User) -> list[Waiting]:
    """Change requests that this person could move on now, the longest waiting first."""
    to_review = set(guards.awaiting_review_by(user).values_list("pk", flat=True))
    rows = (
        ChangeRequest.objects.visible_to(user)
        .open()
        .with_related()
        .prefetch_related("contributors")
        .order_by("updated_at")
    )
    found = ((change, _wanted(change, user, to_review)) for change in rows)
    return [*_owed(user), *(Waiting(change, what) for change, what in found if what)]


def _owed(user: User) -> list[Waiting]:
    """Break-glass publications whose missing approvals this person could give."""
    debts = open_debts(user).exclude(change__contributors=user)
    said = Review.objects.standing().filter(reviewer=user, verdict=ReviewVerdict.APPROVE)
    return [
        Waiting(debt.change, "Your review, owed since it went out")
        for debt in debts.exclude(change__in=said.values("change"))
        if can(user, "review", debt.change.workflow.team)
    ]


def _wanted(change: ChangeRequest, user: User, to_review: set[int]) -> str:
    team = change.workflow.team
    if change.pk in to_review:
        return "Your review"
    if change.state == State.APPROVED and can(user, "publish", team):
        return "Publication"
    if user in change.contributors.all() and can(user, "propose", team):
        if change.state == State.CHANGES_REQUESTED:
            return "Your answer to the changes asked for"
        if change.state == State.DRAFT:
            return "Submission for review"
    return ""
