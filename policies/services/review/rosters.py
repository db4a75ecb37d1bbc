"""Who is on a team, and what each had to do with a change request or a release."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User

from policies.governance.permissions import CAPABILITIES
from policies.models import (
    AuditEvent,
    ChangeRequest,
    Comment,
    ComponentContract,
    Membership,
    Review,
    Team,
    Workflow,
)
from policies.models.components import ComponentKind
from policies.notifications.recipients import Member, Roster
from policies.services.review import standings
from policies.services.review.facts import ChangeFacts
from policies.services.review.ownership import OWNER, owners_asked


def roster_of(event: AuditEvent, changes: tuple[ChangeRequest, ...]) -> Roster:
    """Everybody that an audit row may concern. Its workflow's team, and these change requests."""
    workflow = event.workflow
    if workflow is None:
        return Roster(())
    reviews = Review.objects.filter(change__in=changes)
    comments = Comment.objects.filter(change__in=changes)
    links = ChangeRequest.contributors.through.objects.filter(changerequest__in=changes)
    own = frozenset(links.values_list("user_id", flat=True))
    voided = User.objects.filter(username__in=event.detail.get("approvers", ()))
    open_change = next((change for change in changes if change.is_open), None)
    return Roster(
        members=_members(workflow.team),
        contributors=own,
        barred=own | frozenset(ChangeFacts(open_change).contributors) if open_change else own,
        owned=_owned(workflow),
        owners_needed=_asked(open_change, stand_ins=False) if open_change else {},
        stand_ins=_asked(open_change, stand_ins=True) if open_change else {},
        satisfied=_satisfied(open_change) if open_change else frozenset(),
        heard=frozenset(reviews.values_list("reviewer_id", flat=True)),
        commenters=frozenset(comments.values_list("author_id", flat=True)),
        voided=frozenset(voided.values_list("pk", flat=True)),
    )


def _members(team: Team) -> tuple[Member, ...]:
    held: dict[int, set[str]] = {}
    rows = Membership.objects.filter(team=team, user__is_active=True).order_by("user_id")
    for user_id, role in rows.values_list("user_id", "role"):
        held.setdefault(user_id, set()).update(CAPABILITIES[role])
    return tuple(Member(pk, frozenset(capabilities)) for pk, capabilities in held.items())


def _asked(change: ChangeRequest, *, stand_ins: bool) -> dict[int, tuple[str, ...]]:
    """Who has to approve which components: their owners, or else who stands in for them."""
    needed: dict[int, list[str]] = {}
    for asked in owners_asked(ChangeFacts(change)):
        if (asked.part != OWNER) == stand_ins:
            for user in asked.people:
                needed.setdefault(user.pk, []).append(asked.label)
    return {pk: tuple(labels) for pk, labels in needed.items()}


def _owned(workflow: Workflow) -> dict[int, tuple[str, ...]]:
    owners: dict[str, User] = {}
    contracts = ComponentContract.objects.filter(workflow=workflow).select_related("owner")
    for contract in contracts.order_by("number"):
        owners[contract.kind] = contract.owner
    return _by_person(owners)


def _by_person(owners: dict[str, User]) -> dict[int, tuple[str, ...]]:
    labels = {kind: ComponentKind(kind).label.lower() for kind in owners}
    people: Iterable[int] = {owner.pk for owner in owners.values()}
    return {
        pk: tuple(
            labels[kind]
            for kind in ComponentKind.values
            if kind in owners and owners[kind].pk == pk
        )
        for pk in people
    }


def _satisfied(change: ChangeRequest) -> frozenset[int]:
    return frozenset(review.reviewer_id for review in standings.standing_of(change).approvals)
