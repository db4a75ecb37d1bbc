"""Roles of people: one that may approve, publish or change the rules is given by two."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from policies.governance.permissions import CATALOGUE_ROLES
from policies.governance.roles import GIVEN_BY_ONE, Role
from policies.models import Membership, Release, RuleChange, Team
from policies.models.rule_changes import RuleChangeKind
from policies.services.rights import can_manage_catalogue, require_right
from policies.services.rules.asking import ask
from policies.services.rules.kind import STEWARDS, Kind, deciders_of_team, of_team
from policies.services.teams.members import add_member


@transaction.atomic
def give_role(
    team: Team, user: User, role: str, *, acting_user: User, why: str = ""
) -> RuleChange | None:
    """Ask that a person gets a role. None where they hold it.

    Once the team has a release, a role that may approve, publish or change the rules waits for a
    second person. A role that keeps the catalogue, which serves every team, does so once any team
    has one.
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
    releases = Release.objects.all()
    if role not in CATALOGUE_ROLES:
        releases = releases.filter(workflow__team=team)
    return ask(change, MEMBER_ROLE, is_bound=releases.exists())


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


def _is_about_catalogue(change: RuleChange) -> bool:
    """Whether the role is asked for in a team that has nothing to protect but the catalogue. There
    whoever decides rules was chosen by one person alone, so stewards decide, of whatever team.
    """
    in_team = Release.objects.filter(workflow__team=change.team)
    return change.proposed["role"] in CATALOGUE_ROLES and not in_team.exists()


def _may_decide(user: User, change: RuleChange) -> bool:
    if _is_about_catalogue(change):
        return can_manage_catalogue(user)
    return of_team("decide_rules")(user, change)


def _deciders(change: RuleChange) -> str:
    return STEWARDS if _is_about_catalogue(change) else deciders_of_team(change)


MEMBER_ROLE = Kind(
    of_team("manage_team"),
    _may_decide,
    _deciders,
    _current,
    _concerned,
    _put_in_force,
)
