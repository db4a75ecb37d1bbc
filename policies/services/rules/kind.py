"""What is asked of each kind of rule change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from policies.governance.permissions import roles_with
from policies.models import Environment, RuleChange
from policies.services.locking import locked_environment
from policies.services.rights import can
from policies.wording.sentences import listed

# Who keeps the catalogue, in words.
STEWARDS = "an owner, operator or administrator of a team"


@dataclass(frozen=True)
class Kind:
    """One kind of rule change.

    `may_propose` is asked again when it is decided. `current` gives what stands now, in the form
    of `before`, and holds its row; `concerned` the open change requests that it could help;
    `put_in_force` applies it on behalf of the person who proposed it. `deciders` are those who
    `may_decide`, in words.
    """

    may_propose: Callable[[User, RuleChange], bool]
    may_decide: Callable[[User, RuleChange], bool]
    deciders: Callable[[RuleChange], str]
    current: Callable[[RuleChange], dict[str, Any]]
    concerned: Callable[[RuleChange], Q]
    put_in_force: Callable[[RuleChange], None]


def of_team(capability: str) -> Callable[[User, RuleChange], bool]:
    """Whether a person holds a capability in the team whose rules are changed."""
    return lambda user, change: change.team is not None and can(user, capability, change.team)


def of_environment(
    current: Callable[[Environment], dict[str, Any]], put_in_force: Callable[[RuleChange], None]
) -> Kind:
    """A kind about an environment: `current` gets it held, since it could help what is open."""
    return Kind(
        of_team("manage_environments"),
        of_team("decide_rules"),
        deciders_of_team,
        lambda change: current(locked_environment(environment_of(change).pk)),
        lambda change: Q(environment=change.environment),
        put_in_force,
    )


def environment_of(change: RuleChange) -> Environment:
    if change.environment is None:
        raise ValueError(f"{change} names no environment.")
    return change.environment


def deciders_of_team(change: RuleChange) -> str:
    roles = [role.lower() for role in roles_with("decide_rules")]
    return f"a {listed(roles, 'or')} of {change.team}"
