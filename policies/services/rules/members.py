"""Roles of people: one that may approve, publish or change the rules is given by two."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from policies.governance.roles import GIVEN_BY_ONE, Role
from policies.models import Membership, Release, RuleChange, Team
from policies.models.rule_changes import RuleChangeKind
from policies.services.rights import require_right
from policies.services.rules.asking import ask
from policies.services.rules.kind import Kind, deciders_of_team, of_team
from policies.services.teams.members import add_member


@transaction.atomic
def give_role(
    team: Team, user: User, role: str, *, acting_user: User, why: str = ""
) -> RuleChange | None:
    """Ask that a person gets a role. None where they hold it.

    Once the team has a release, a role that may approve, publish or change the rules waits for a
    second person.
    """
    require_right("manage_team", team, acting_user=acting_user, to="give roles")
    role = Role(role)
    if Membership.objects.filter(team=team, user=user, role=role).exists():
        return None
    is_weighty = role not in GIVEN_BY_ONE
    label = role.label.lower()
    change = RuleChange(
        kind=RuleChangeKind.MEMBER_ROLE,
        team=team,
        subject=f"{user.get_username()} as {label}",
        before={"user": user.get_username(), "holds": False},
        proposed={"user": user.get_username(), "user_id": user.pk, "role": str(role)},
        weakens=[f"{user} may act as {label} of {team}."] if is_weighty else [],
        why=why.strip(),
        proposed_by=acting_user,
    )
    is_bound = Release.objects.filter(workflow__team=team).exists()
    return ask(change, MEMBER_ROLE, is_bound=is_bound)


def _current(change: RuleChange) -> dict[str, Any]:
    user, role = _proposed(change)
    held = Membership.objects.filter(team=change.team, user=user, role=role).exists()
    return {"user": change.before["user"], "holds": held}


def _concerned(change: RuleChange) -> Q:
    return Q(workflow__team=change.team)


def _put_in_force(change: RuleChange) -> None:
    user, role = _proposed(change)
    if change.team is None:
        raise ValueError(f"{change} names no team.")
    add_member(change.team, user, role, acting_user=change.proposed_by)


def _proposed(change: RuleChange) -> tuple[User, str]:
    return User.objects.get(pk=change.proposed["user_id"]), change.proposed["role"]


MEMBER_ROLE = Kind(
    of_team("manage_team"),
    of_team("decide_rules"),
    deciders_of_team,
    _current,
    _concerned,
    _put_in_force,
)
