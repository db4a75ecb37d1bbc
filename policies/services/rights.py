"""The first question of every write: does this person hold the role for it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.governance.permissions import CATALOGUE_ROLES, grants, roles_with
from policies.governance.refusals import Reason, Refused
from policies.models import Membership, Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def roles_in(user: User | AnonymousUser, team: Team) -> frozenset[str]:
    """The person's roles in a team; read once per person and request."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    cached: dict[int, frozenset[str]] | None = getattr(user, "_roles_by_team", None)
    if cached is None:
        by_team: dict[int, set[str]] = {}
        for team_id, role in Membership.objects.filter(user_id=user.pk).values_list(
            "team_id", "role"
        ):
            by_team.setdefault(team_id, set()).add(role)
        cached = {team_id: frozenset(roles) for team_id, roles in by_team.items()}
        user.__dict__["_roles_by_team"] = cached
    return cached.get(team.pk, frozenset())


def forget_roles(user: User) -> None:
    """Read the person's roles anew next time; for those who have just changed them."""
    user.__dict__.pop("_roles_by_team", None)


def can(user: User | AnonymousUser, capability: str, team: Team) -> bool:
    """Whether a person may do something in a team. Being a superuser grants only viewing:

    an administrator of the installation must not be able to approve what nobody else saw.
    """
    if capability == "view" and user.is_superuser:
        return True
    return grants(roles_in(user, team), capability)


def can_manage_catalogue(user: User | AnonymousUser) -> bool:
    """The catalogue serves every team, so an owner, operator or administrator of any may edit."""
    if not user.is_authenticated or not user.is_active:
        return False
    return Membership.objects.filter(user_id=user.pk, role__in=CATALOGUE_ROLES).exists()


def require_right(capability: str, team: Team, *, acting_user: User, to: str) -> None:
    """Raise Refused unless the person holds the capability; `to` says what they wanted to do."""
    if can(acting_user, capability, team):
        return
    who = " or ".join(roles_with(capability))
    raise Refused(Reason("role", f"Only {who} of {team} may {to}.", "Ask one of them to do it."))
