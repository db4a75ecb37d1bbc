"""Which role may do what. Everything that checks a permission asks here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from policies.models.teams import Membership, Role, Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

CAPABILITIES: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({"view"}),
    Role.AUTHOR: frozenset({"view", "comment", "edit_drafts", "propose", "schedule", "evaluate"}),
    Role.REVIEWER: frozenset({"view", "comment", "review", "evaluate"}),
    Role.OWNER: frozenset(
        {"view", "comment", "review", "evaluate", "edit_contracts", "close_debt"}
    ),
    Role.OPERATOR: frozenset(
        {
            "view",
            "comment",
            "schedule",
            "publish",
            "break_glass",
            "roll_back",
            "freeze",
            "manage_tokens",
            "manage_webhooks",
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            "view",
            "comment",
            "break_glass",
            "freeze",
            "manage_team",
            "manage_environments",
            "manage_tokens",
            "manage_webhooks",
        }
    ),
}
CATALOGUE_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.ADMINISTRATOR})


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


def grants(roles: Iterable[str], capability: str) -> bool:
    """Whether one of these roles holds a capability."""
    return any(capability in CAPABILITIES[role] for role in roles)


def roles_with(capability: str) -> list[str]:
    """Labels of the roles that hold a capability, for sentences that say who may."""
    return [Role(role).label for role, held in CAPABILITIES.items() if capability in held]


def can_manage_catalogue(user: User | AnonymousUser) -> bool:
    """The catalogue serves every team, so an owner, operator or administrator of any may edit."""
    if not user.is_authenticated or not user.is_active:
        return False
    return Membership.objects.filter(user_id=user.pk, role__in=CATALOGUE_ROLES).exists()
