"""What waits for a person: the moves that only they, or people like them, can make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from policies.governance.transitions import State
from policies.models import ChangeRequest, ReviewDebt
from policies.services.review import guards
from policies.services.rights import can


@dataclass(frozen=True)
class Waiting:
    """One change request and what it wants of this person."""

    change: ChangeRequest
    what: str


def waiting_for(user: User, debts: Iterable[ReviewDebt]) -> list[Waiting]:
    """Change requests that this person could move on now, the longest waiting first.

    `debts` are the open ones that they see.
    """
    awaited = guards.awaiting_review_by(user).filter(pk=OuterRef("pk"))
    rows = (
        ChangeRequest.objects.visible_to(user)
        .open()
        .with_related()
        .annotate(awaits_them=Exists(awaited))
        .prefetch_related("contributors")
        .order_by("updated_at")
    )
    found = ((change, _wanted(change, user)) for change in rows)
    return [*_owed(debts), *(Waiting(change, what) for change, what in found if what)]


def _owed(debts: Iterable[ReviewDebt]) -> list[Waiting]:
    """Break-glass publications whose missing approvals this person could give."""
    return [
        Waiting(debt.change, "Your review, owed since it went out")
        for debt in debts
        if debt.may_pay  # type: ignore[attr-defined]  # brought by `open_debts`
    ]


def _wanted(change: ChangeRequest, user: User) -> str:
    team = change.workflow.team
    if change.awaits_them:  # type: ignore[attr-defined]  # brought by `waiting_for`
        return "Your review"
    if change.state == State.APPROVED and can(user, "publish", team):
        return "Publication"
    if user in change.contributors.all() and can(user, "propose", team):
        if change.state == State.CHANGES_REQUESTED:
            return "Your answer to the changes asked for"
        if change.state == State.DRAFT:
            return "Submission for review"
    return ""
