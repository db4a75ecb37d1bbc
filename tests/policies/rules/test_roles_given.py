"""Roles that keep the shared catalogue bind the whole installation; nobody agrees to their own."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.governance.permissions import CATALOGUE_ROLES
from policies.governance.roles import Role
from policies.models import Release, RuleChange, Team
from policies.models.rule_changes import RuleChangeState
from policies.services.rights import can_manage_catalogue
from policies.services.rules import deciding
from policies.services.rules.members import give_role
from policies.services.teams.members import create_team
from tests.policies.rules.steps import refused


@pytest.fixture
def new_team(release: Release, installer: User) -> Team:
    """Founded by one person, beside a team that has a release; it has none itself."""
    return create_team("new", "New", acting_user=installer)


def asked(team: Team, user: User, role: str, by: User) -> RuleChange:
    change = give_role(team, user, role, acting_user=by, why="They join.")
    assert change is not None
    return change


@pytest.mark.parametrize("role", sorted(CATALOGUE_ROLES))
def test_role_that_keeps_the_catalogue__in_a_team_without_release__waits(
    new_team: Team, installer: User, outsider: User, role: str
) -> None:
    assert asked(new_team, outsider, role, installer).is_waiting
    assert not can_manage_catalogue(outsider)


def test_role_that_reviews__in_a_team_without_release__is_given_at_once(
    new_team: Team, installer: User, outsider: User
) -> None:
    """It protects nothing yet there, and the catalogue is none of a reviewer's."""
    assert asked(new_team, outsider, Role.REVIEWER, installer).state == RuleChangeState.APPLIED


def test_steward_of_a_new_team__is_agreed_to_by_a_steward_and_nobody_chosen_there(
    new_team: Team, installer: User, outsider: User, author: User, owner: User
) -> None:
    asked(new_team, author, Role.REVIEWER, installer)  # a second person of one's own choice
    waiting = asked(new_team, outsider, Role.OPERATOR, installer)
    with refused("role"):
        deciding.accept(waiting, "Fine.", acting_user=author)
    assert waiting not in deciding.waiting_for(author)
    assert waiting in deciding.waiting_for(owner)
    deciding.accept(waiting, "Known to us.", acting_user=owner)
    assert can_manage_catalogue(outsider)


def test_steward__sees_whom_they_agree_to_and_nobody_else_does(
    new_team: Team, installer: User, outsider: User, owner: User, author: User, client: Client
) -> None:
    address = asked(new_team, outsider, Role.OPERATOR, installer).get_absolute_url()
    reviewing = asked(new_team, outsider, Role.REVIEWER, installer).get_absolute_url()
    for user, status in ((owner, 200), (author, 404)):
        client.force_login(user)
        assert client.get(address).status_code == status
        assert client.get(reviewing).status_code == 404


def test_person_who_would_get_the_role__is_no_second_person(
    release: Release, reviewer: User, administrator: User
) -> None:
    waiting = asked(release.workflow.team, reviewer, Role.OWNER, administrator)
    assert waiting not in deciding.waiting_for(reviewer)
    with refused("four_eyes") as refusal:
        deciding.accept(waiting, "Gladly.", acting_user=reviewer)
    assert "It is a role for you" in str(refusal.value)


def test_first_team_of_an_installation__is_put_together_by_one(
    team: Team, administrator: User, outsider: User
) -> None:
    assert asked(team, outsider, Role.OPERATOR, administrator).state == RuleChangeState.APPLIED
