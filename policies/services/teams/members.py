"""Teams and the roles of their people."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from policies.governance.permissions import CAPABILITIES
from policies.governance.refusals import Reason, Refused
from policies.governance.roles import Role
from policies.models import Membership, Team
from policies.models.components import ComponentKind
from policies.services import audit
from policies.services.locking import locked_open_changes
from policies.services.review import standings
from policies.services.review.settling import settle
from policies.services.rights import forget_roles, require_right
from policies.services.teams.contracts import contracts_in_force


@transaction.atomic
def create_team(slug: str, name: str, *, acting_user: User) -> Team:
    """Found a team; its founder becomes its first administrator.

    Only a superuser may: any owner, operator or administrator may edit the shared catalogue, so
    founding a team must not be a way to that right.
    """
    if not acting_user.is_superuser:
        raise Refused(
            Reason(
                "role",
                "Only an administrator of this installation may found a team.",
                "Ask one of them, or join a team that exists.",
            )
        )
    if Team.objects.filter(slug=slug).exists():
        raise Refused(
            Reason("taken", f"There is a team {slug} already.", "Choose another short name.")
        )
    team = Team.objects.create(slug=slug, name=name)
    Membership.objects.create(team=team, user=acting_user, role=Role.ADMINISTRATOR)
    forget_roles(acting_user)
    audit.record("team.created", team, acting_user=acting_user, detail={"team": slug, "name": name})
    return team


@transaction.atomic
def add_member(team: Team, user: User, role: str, *, acting_user: User) -> Membership:
    """Give a person a role; giving it again changes nothing."""
    require_right("manage_team", team, acting_user=acting_user, to="give roles")
    membership, is_new = Membership.objects.get_or_create(team=team, user=user, role=Role(role))
    if is_new:
        forget_roles(user)
        _note("team.member_added", membership, acting_user)
    return membership


@transaction.atomic
def remove_member(membership: Membership, *, acting_user: User) -> None:
    """Take a role away. A team keeps an administrator, and a contract an owner who may approve.

    An approval counts only while its giver may give it, so open change requests are settled.
    """
    team = Team.objects.select_for_update(no_key=True).get(pk=membership.team_id)
    require_right("manage_team", team, acting_user=acting_user, to="take roles away")
    reasons = [*_last_administrator(membership), *_owned_contracts(membership)]
    if reasons:
        raise Refused(*reasons)
    _settle_without(membership, acting_user)
    _note("team.member_removed", membership, acting_user)
    forget_roles(membership.user)


def _settle_without(membership: Membership, acting_user: User) -> None:
    """Delete it, and settle what counted on the role: it may miss an approval now."""
    changes = locked_open_changes(Q(workflow__team=membership.team_id))
    subjects = {change.pk: standings.subject_digest(change) for change in changes}
    # Only the row goes: the object still says what the audit trail has to keep.
    Membership.objects.filter(pk=membership.pk).delete()
    because = f"{membership.user} is no longer {membership.get_role_display().lower()}."
    for change in changes:
        subject = subjects[change.pk]
        settle(change, acting_user=acting_user, subject_before=subject, because=because)


def _last_administrator(membership: Membership) -> list[Reason]:
    others = Membership.objects.filter(
        team=membership.team_id, role=Role.ADMINISTRATOR, user__is_active=True
    ).exclude(pk=membership.pk)
    if membership.role != Role.ADMINISTRATOR or others.exists():
        return []
    sentence = f"{membership.user} is the last administrator of {membership.team}."
    return [Reason("last_administrator", sentence, "Make somebody else administrator first.")]


def _owned_contracts(membership: Membership) -> list[Reason]:
    left = Membership.objects.filter(team=membership.team_id, user=membership.user_id)
    left = left.exclude(pk=membership.pk)
    if any("review" in CAPABILITIES[role] for role in left.values_list("role", flat=True)):
        return []
    return [
        Reason(
            part,
            f"{membership.user} is {part} of the {ComponentKind(contract.kind).label.lower()} of "
            f"{contract.workflow}.",
            f"Name another {part} in that contract first.",
        )
        for contract in contracts_in_force(membership.team.workflows.all())
        for part, person in (("owner", contract.owner_id), ("deputy", contract.deputy_id))
        if person == membership.user_id
    ]


def _note(action: str, membership: Membership, acting_user: User) -> None:
    audit.record(
        action,
        membership,
        acting_user=acting_user,
        detail={
            "team": membership.team.slug,
            "user": membership.user.get_username(),
            "role": membership.role,
        },
    )
