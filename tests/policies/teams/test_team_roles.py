"""Roles: given and taken by administrators, without leaving a team or a contract stranded."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.models import Membership, Team, Workflow
from policies.services.rights import can
from policies.services.teams.members import add_member, create_team, remove_member


def membership(user: User, role: str) -> Membership:
    return Membership.objects.get(user=user, role=role)


def test_role__given_and_taken__counts_at_once(
    team: Team, outsider: User, administrator: User
) -> None:
    given = add_member(team, outsider, Role.AUTHOR, acting_user=administrator)
    assert can(outsider, "propose", team)
    assert add_member(team, outsider, Role.AUTHOR, acting_user=administrator) == given
    remove_member(given, acting_user=administrator)
    assert not can(User.objects.get(pk=outsider.pk), "propose", team)


def test_role__by_anybody_else__is_refused(team: Team, owner: User, author: User) -> None:
    for act in (
        lambda: add_member(team, author, Role.OWNER, acting_user=owner),
        lambda: remove_member(membership(author, Role.AUTHOR), acting_user=author),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.codes == ("role",)


def test_last_administrator__cannot_be_taken_away(
    team: Team, installer: User, administrator: User
) -> None:
    remove_member(membership(installer, Role.ADMINISTRATOR), acting_user=administrator)
    with pytest.raises(Refused) as refusal:
        remove_member(membership(administrator, Role.ADMINISTRATOR), acting_user=administrator)
    assert refusal.value.codes == ("last_administrator",)


def test_contract_owner__keeps_a_role_that_may_approve(
    workflow: Workflow, owner: User, administrator: User
) -> None:
    with pytest.raises(Refused) as refusal:
        remove_member(membership(owner, Role.OWNER), acting_user=administrator)
    assert set(refusal.value.codes) == {"owner"}
    add_member(workflow.team, owner, Role.REVIEWER, acting_user=administrator)
    remove_member(membership(owner, Role.OWNER), acting_user=administrator)


def test_team__founded_by_anybody__is_refused(administrator: User, team: Team) -> None:
    with pytest.raises(Refused) as refusal:
        create_team("mine", "Mine", acting_user=administrator)
    assert refusal.value.codes == ("role",)
