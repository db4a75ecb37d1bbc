"""Rules of an environment: stricter at once, looser by two, and never for who profits from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import Environment, Release, RuleChange
from policies.models.rule_changes import RuleChangeState
from policies.services.review import changes
from policies.services.rules import deciding
from policies.services.rules.environments import change_rules, rules_set_alone
from policies.services.rules.members import give_role
from policies.services.teams.environments import EnvironmentRules
from policies.services.teams.members import add_member
from tests.policies.rules.steps import codes, refused
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    proposed,
    save_and_take_over,
    standing,
)

WHY = "Two approvals hold up every repair."


def asked(
    environment: Environment, administrator: User, *, apply_now: bool = False, **rules: object
) -> RuleChange | None:
    environment.refresh_from_db()
    new = replace(EnvironmentRules.of(environment), **rules)  # type: ignore[arg-type]
    return change_rules(environment, new, acting_user=administrator, why=WHY, apply_now=apply_now)


@pytest.fixture
def two_needed(release: Release, administrator: User) -> Environment:
    """An environment with a release, where two must approve."""
    asked(release.environment, administrator, required_approvals=2)
    return release.environment


def test_fewer_approvals_once_released__wait_for_a_second_person(
    two_needed: Environment, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(two_needed, author, documents(share=50)), owner)
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None and waiting.is_waiting
    assert waiting.weakens == ["Required approvals fall from 2 to 1."]
    two_needed.refresh_from_db()
    assert two_needed.required_approvals == 2
    assert now(change).state == State.IN_REVIEW


def test_looser_rules_that_two_agreed_to__bind_later_change_requests_only(
    two_needed: Environment, author: User, owner: User, reviewer: User, administrator: User
) -> None:
    opened_before = approved(in_review(two_needed, author, documents(share=50)), owner)
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    deciding.accept(waiting, "The team is small.", acting_user=reviewer)
    assert now(opened_before).state == State.IN_REVIEW
    assert standing(opened_before).required == 2
    opened_after = approved(in_review(two_needed, author, documents(share=40)), owner)
    assert now(opened_after).state == State.APPROVED


def test_looser_rules_applied_now__void_the_approvals_of_open_change_requests(
    two_needed: Environment, author: User, owner: User, reviewer: User, administrator: User
) -> None:
    change = approved(in_review(two_needed, author, documents(share=50)), owner)
    waiting = asked(two_needed, administrator, required_approvals=1, apply_now=True)
    assert waiting is not None
    deciding.accept(waiting, "The team is small.", acting_user=reviewer)
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()
    assert approved(change, owner).state == State.APPROVED


def test_checks_dropped__approved_change__keeps_them(
    release: Release, author: User, reviewer: User, administrator: User
) -> None:
    change = proposed(release.environment, author, documents(share=50))
    waiting = asked(release.environment, administrator, required_checks=[])
    assert waiting is not None
    deciding.accept(waiting, "Nothing can be evaluated here.", acting_user=reviewer)
    assert "shadow_evaluation" in now(change).protection.required_checks


def test_stricter_rules__bind_open_change_requests_at_once_and_alone(
    release: Release, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(release.environment, author, documents(share=50)), owner)
    done = asked(release.environment, administrator, required_approvals=3)
    assert done is not None and done.state == RuleChangeState.APPLIED and not done.alone
    assert now(change).state == State.IN_REVIEW
    assert standing(change).required == 3


def test_stricter_rules_after_looser_ones__old_change_request__keeps_the_strictest_of_both(
    two_needed: Environment, author: User, reviewer: User, administrator: User
) -> None:
    change = proposed(two_needed, author, documents(share=50))
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    deciding.accept(waiting, "The team is small.", acting_user=reviewer)
    asked(two_needed, administrator, threads_must_be_resolved=True)
    bound = now(change).protection
    assert (bound.required_approvals, bound.threads_must_be_resolved) == (2, True)


def test_proposer__is_not_the_second_person(two_needed: Environment, administrator: User) -> None:
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    with refused("four_eyes"):
        deciding.accept(waiting, "I agree with myself.", acting_user=administrator)


def test_contributor_of_an_open_change_request__is_not_the_second_person(
    two_needed: Environment, author: User, administrator: User
) -> None:
    add_member(two_needed.workflow.team, author, Role.REVIEWER, acting_user=administrator)
    change = proposed(two_needed, author, documents(share=50))
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    with refused("four_eyes") as caught:
        deciding.accept(waiting, "It helps me.", acting_user=author)
    assert f"#{change.number}" in str(caught.value)


@pytest.mark.parametrize("who", ["author", "operator", "outsider", "viewer"])
def test_without_the_role__nobody_decides(
    two_needed: Environment, administrator: User, who: str, request: pytest.FixtureRequest
) -> None:
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    with refused("role"):
        deciding.accept(waiting, "Why not.", acting_user=request.getfixturevalue(who))


def test_rules_changed_meanwhile__acceptance__is_refused(
    two_needed: Environment, reviewer: User, administrator: User
) -> None:
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    asked(two_needed, administrator, required_approvals=3)
    with refused("stale"):
        deciding.accept(waiting, "The team is small.", acting_user=reviewer)
    two_needed.refresh_from_db()
    assert two_needed.required_approvals == 3


def test_looser_rules_without_a_reason__are_refused(
    two_needed: Environment, administrator: User
) -> None:
    rules = replace(EnvironmentRules.of(two_needed), required_approvals=1)
    with refused("why"):
        change_rules(two_needed, rules, acting_user=administrator)


def test_rejected_and_withdrawn__change_nothing_and_stay_decided(
    two_needed: Environment, reviewer: User, administrator: User
) -> None:
    first = asked(two_needed, administrator, required_approvals=1)
    assert first is not None
    with refused("waiting"):
        asked(two_needed, administrator, required_approvals=1)
    deciding.reject(first, "Not in December.", acting_user=reviewer)
    second = asked(two_needed, administrator, required_approvals=1)
    assert second is not None
    with refused("role"):
        deciding.withdraw(second, acting_user=reviewer)
    deciding.withdraw(second, acting_user=administrator)
    for decided in (first, second):
        with refused("state"):
            deciding.accept(decided, "After all.", acting_user=reviewer)
    two_needed.refresh_from_db()
    assert two_needed.required_approvals == 2


def test_proposer_who_lost_the_role__proposal__is_not_accepted(
    two_needed: Environment, owner: User, reviewer: User, administrator: User
) -> None:
    add_member(two_needed.workflow.team, owner, Role.ADMINISTRATOR, acting_user=administrator)
    waiting = asked(two_needed, owner, required_approvals=1)
    assert waiting is not None
    owner.memberships.filter(role=Role.ADMINISTRATOR).delete()
    with refused("proposer"):
        deciding.accept(waiting, "The team is small.", acting_user=reviewer)


def test_before_the_first_release__founder_sets_rules_alone_and_that_is_shown(
    staging: Environment, administrator: User
) -> None:
    done = asked(staging, administrator, required_checks=["static_analysis"])
    assert done is not None and done.state == RuleChangeState.APPLIED and done.alone
    assert rules_set_alone(staging.workflow) == {staging.pk: done}


def test_rules_that_two_agreed_to__are_no_longer_set_alone(
    two_needed: Environment, reviewer: User, administrator: User
) -> None:
    assert two_needed.pk in rules_set_alone(two_needed.workflow)
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    deciding.accept(waiting, "The team is small.", acting_user=reviewer)
    assert rules_set_alone(two_needed.workflow) == {}


def test_weighty_role_once_released__waits_for_a_second_person(
    release: Release, outsider: User, reviewer: User, administrator: User
) -> None:
    team = release.workflow.team
    waiting = give_role(team, outsider, Role.OWNER, acting_user=administrator, why="She joins.")
    assert waiting is not None and waiting.is_waiting
    assert not outsider.memberships.filter(team=team).exists()
    deciding.accept(waiting, "She does.", acting_user=reviewer)
    assert outsider.memberships.filter(team=team, role=Role.OWNER).exists()
    assert give_role(team, outsider, Role.OWNER, acting_user=administrator) is None


def test_roles_for_oneself__are_given_by_two(release: Release, administrator: User) -> None:
    team = release.workflow.team
    for role in (Role.REVIEWER, Role.OWNER, Role.OPERATOR):
        waiting = give_role(team, administrator, role, acting_user=administrator, why="Faster.")
        assert waiting is not None
        with refused("four_eyes"):
            deciding.accept(waiting, "Faster.", acting_user=administrator)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUTHOR])
def test_light_role__is_given_at_once(
    release: Release, outsider: User, administrator: User, role: str
) -> None:
    team = release.workflow.team
    done = give_role(team, outsider, role, acting_user=administrator)
    assert done is not None and done.state == RuleChangeState.APPLIED


def test_any_role_before_the_first_release__is_given_at_once(
    staging: Environment, outsider: User, administrator: User
) -> None:
    team = staging.workflow.team
    done = give_role(team, outsider, Role.OWNER, acting_user=administrator)
    assert done is not None and done.state == RuleChangeState.APPLIED


def test_decisions__are_told_field_by_field_to_the_second_person(
    two_needed: Environment, administrator: User, reviewer: User
) -> None:
    waiting = asked(two_needed, administrator, required_approvals=1)
    assert waiting is not None
    assert codes(deciding.why_not_decide(waiting, reviewer)) == []
    assert "four_eyes" in codes(deciding.why_not_decide(waiting, administrator))


def test_new_content_in_an_old_change_request__is_held_to_the_rules_of_today_as_well(
    two_needed: Environment, author: User, reviewer: User, administrator: User
) -> None:
    """Opened in good time, it must not keep what two replaced for whatever is put into it later."""
    placeholder = proposed(two_needed, author, documents(share=50))
    mixed = asked(
        two_needed, administrator, required_approvals=3, required_checks=["static_analysis"]
    )
    assert mixed is not None and mixed.is_waiting
    deciding.accept(mixed, "As agreed.", acting_user=reviewer)
    assert now(placeholder).protection.required_approvals == 2
    changed = save_and_take_over(placeholder, documents(share=45), author)
    assert changed.protection.required_approvals == 3
    assert "shadow_evaluation" in changed.protection.required_checks


def test_moved_away_and_back__a_change_request_keeps_the_rules_it_had(
    two_needed: Environment,
    production: Environment,
    author: User,
    reviewer: User,
    administrator: User,
) -> None:
    change = proposed(two_needed, author, documents(share=50))
    for environment in (production, two_needed):
        if environment == two_needed:
            waiting = asked(two_needed, administrator, required_approvals=1)
            assert waiting is not None
            deciding.accept(waiting, "The team is small.", acting_user=reviewer)
        changes.describe(
            now(change), "Moved", "There first.", acting_user=author, environment=environment
        )
    assert now(change).protection.required_approvals == 2


@pytest.mark.parametrize("laxer", [{"rollback_window_days": 10_000}, {"when_stale": "serve_stale"}])
def test_longer_way_back_or_laxer_end__waits_for_a_second_person(
    release: Release, administrator: User, laxer: dict[str, Any]
) -> None:
    asked(release.environment, administrator, when_stale="refuse")
    waiting = asked(release.environment, administrator, **laxer)
    assert waiting is not None and waiting.is_waiting
