"""What is asked of each kind of rule change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from policies.governance.permissions import roles_with
from policies.models import RuleChange
from policies.services.rights import can


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


def deciders_of_team(change: RuleChange) -> str:
    return f"{' or '.join(roles_with('decide_rules'))} of {change.team}"
