"""Which role may do what, as a table. Everything that checks a permission goes by it."""

from __future__ import annotations

from collections.abc import Iterable

from policies.governance.roles import Role

CAPABILITIES: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({"view"}),
    Role.AUTHOR: frozenset({"view", "comment", "edit_drafts", "propose", "schedule", "evaluate"}),
    Role.REVIEWER: frozenset({"view", "comment", "review", "evaluate", "decide_rules"}),
    Role.OWNER: frozenset(
        {"view", "comment", "review", "evaluate", "edit_contracts", "close_debt", "decide_rules"}
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
            "decide_rules",
        }
    ),
}
CATALOGUE_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.ADMINISTRATOR})


def grants(roles: Iterable[str], capability: str) -> bool:
    """Whether one of these roles holds a capability."""
    return any(capability in CAPABILITIES[role] for role in roles)


def roles_with(capability: str) -> list[str]:
    """Labels of the roles that hold a capability, for sentences that say who may."""
    return [Role(role).label for role, held in CAPABILITIES.items() if capability in held]
