"""Rule changes over REST: told to wait, decided by a second person, seen by the team alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import Release, RuleChange
from policies.services.people.tokens import issue_personal_token
from policies.services.teams.members import add_member, create_team
from tests.policies.steps import approved, documents, in_review, now, seen


def call(user: User, method: str, path: str, body: object = None) -> tuple[int, Any]:
    _, plain = issue_personal_token(user, "test", acting_user=user)
    answer = Client().generic(
        method,
        f"/api/v1/{path}",
        json.dumps(body) if body is not None else "",
        "application/json",
        headers={"Authorization": f"Bearer {plain}"},
    )
    return answer.status_code, answer.json()


@pytest.fixture
def environment_path(release: Release) -> str:
    return f"workflows/{release.workflow.slug}/environments/{release.environment.name}/"


@pytest.fixture
def other_steward(installer: User, outsider: User) -> User:
    """Holds every role in a team of their own."""
    team = create_team("elsewhere", "Elsewhere", acting_user=installer)
    for role in Role:
        add_member(team, outsider, role, acting_user=installer)
    return outsider


def test_rules_that_ask_for_less__answer_202_and_change_nothing(
    environment_path: str, administrator: User
) -> None:
    status, told = call(
        administrator,
        "PATCH",
        environment_path,
        {"required_checks": [], "why": "Nothing to evaluate."},
    )
    assert status == 202
    assert told["state"] == "proposed"
    assert "The check static analysis is no longer required." in told["weakens"]
    _, rules = call(administrator, "GET", environment_path)
    assert "static_analysis" in rules["required_checks"]


@pytest.mark.parametrize(
    "asked",
    [{"required_approvals": 1}, {"required_checks": []}],
    ids=lambda asked: next(iter(asked)),
)
def test_rules_that_ask_for_less__by_who_wrote_what_they_would_let_pass__approve_nothing(
    environment_path: str,
    release: Release,
    administrator: User,
    owner: User,
    asked: dict[str, object],
) -> None:
    """One approval of two is given; without a word of explanation nothing even waits."""
    add_member(release.workflow.team, administrator, Role.AUTHOR, acting_user=administrator)
    assert call(administrator, "PATCH", environment_path, {"required_approvals": 2})[0] == 200
    change = in_review(release.environment, administrator, documents(share=50))
    approved(change, owner)
    _, before = call(administrator, "GET", environment_path)
    status, _ = call(administrator, "PATCH", environment_path, asked)
    assert (status, now(change).state) == (409, State.IN_REVIEW)
    assert call(administrator, "GET", environment_path)[1] == before


@pytest.mark.parametrize("role", ["reviewer", "owner", "operator"])
def test_weighty_role__for_oneself_without_a_word__is_not_given(
    release: Release, administrator: User, role: str
) -> None:
    path = f"teams/{release.workflow.team.slug}/members/"
    asked = {"username": administrator.get_username(), "role": role}
    assert call(administrator, "POST", path, asked)[0] == 409
    assert not administrator.memberships.filter(role=role).exists()


def test_second_person__accepts_over_rest_and_the_proposer_cannot(
    environment_path: str, administrator: User, reviewer: User
) -> None:
    body = {"required_checks": ["static_analysis"], "why": "Nothing to evaluate."}
    _, told = call(administrator, "PATCH", environment_path, body)
    path = f"rule-changes/{told['id']}/accept/"
    status, refusal = call(administrator, "POST", path, {"reason": "Yes."})
    assert (status, refusal["reasons"][0]["code"]) == (403, "four_eyes")
    status, told = call(reviewer, "POST", path, {"reason": "Agreed."})
    assert (status, told["state"], told["decided_by"]) == (200, "applied", "reviewer")
    _, rules = call(administrator, "GET", environment_path)
    assert rules["required_checks"] == ["static_analysis"]
    _, listed = call(administrator, "GET", "rule-changes/?state=applied")
    assert told["id"] in [entry["id"] for entry in listed["results"]]


def test_reauthentication__is_not_switched_off_by_one_token(
    release: Release, environment_path: str, administrator: User, author: User, owner: User
) -> None:
    """Switched off by a token, a token could approve at once."""
    status, _ = call(administrator, "PATCH", environment_path, {"reauthenticate_to_approve": True})
    assert status == 200
    change = in_review(release.environment, author, documents(share=50))
    status, _ = call(
        administrator,
        "PATCH",
        environment_path,
        {"reauthenticate_to_approve": False, "why": "Pipelines."},
    )
    assert status == 202
    path = f"workflows/{release.workflow.slug}/changes/{change.number}/approve/"
    judged = {"reason": "Looked at every case.", "subject_digest": seen(change)}
    status, refusal = call(owner, "POST", path, judged)
    assert (status, refusal["reasons"][0]["code"]) == (403, "re_authentication")


def test_weighty_role__answers_202_where_a_light_one_answers_201(
    release: Release, administrator: User, outsider: User
) -> None:
    path = f"teams/{release.workflow.team.slug}/members/"
    said = {"username": outsider.get_username(), "why": "She joins."}
    status, told = call(administrator, "POST", path, {**said, "role": "owner"})
    assert (status, told["kind"]) == (202, "member_role")
    status, told = call(administrator, "POST", path, {**said, "role": "author"})
    assert (status, told["role"]) == (201, "author")


def test_facts_of_a_model_in_use__answer_202_to_stewards_of_any_team(
    release: Release, owner: User, other_steward: User
) -> None:
    _, models = call(owner, "GET", "catalogue/models/?key=orchid")
    path = f"catalogue/models/{models['results'][0]['id']}/"
    silent = call(other_steward, "PATCH", path, {"regions": ["eu", "us", "mars"]})
    assert (silent[0], call(owner, "GET", path)[1]["regions"]) == (409, ["eu", "us"])
    status, told = call(
        other_steward, "PATCH", path, {"regions": ["eu", "mars"], "why": "New region."}
    )
    assert (status, told["weakens"]) == (202, ["orchid: regions eu, us → eu, mars."])
    price = {
        "effective_from": "2099-01-01",
        "input_usd_per_mtok": "0.01",
        "output_usd_per_mtok": "0.01",
        "why": "It was lowered.",
    }
    for expected in (202, 409):  # the second finds that one waits already
        status, told = call(other_steward, "POST", f"{path}prices/", price)
        assert status == expected
    assert told["reasons"][0]["code"] == "waiting"
    _, model = call(owner, "GET", path)
    assert model["regions"] == ["eu", "us"]


def test_rule_change_of_another_team__does_not_exist(
    environment_path: str, administrator: User, outsider: User
) -> None:
    _, told = call(administrator, "PATCH", environment_path, {"required_checks": [], "why": "So."})
    status, _ = call(outsider, "GET", f"rule-changes/{told['id']}/")
    assert status == 404
    assert RuleChange.objects.visible_to(outsider).count() == 0
