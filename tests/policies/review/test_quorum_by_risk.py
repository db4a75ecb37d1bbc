"""More approvals where the computed impact is larger, and only there."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import AuditEvent, Environment
from policies.services.releases import publication
from policies.services.review import guards, reviews
from policies.services.teams.members import add_member, remove_member
from tests.policies.review_steps import measure, ruled
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    save_and_take_over,
    seen,
    standing,
)

SOURCE = {"kind": "dataset", "key": "sha256:1", "name": "“Support”", "requests": 4000}
REROUTED = {"condition": "rerouted", "above": 0.2, "approvals": 1, "role": None}
BY_OWNER = {"condition": "new_provider", "above": None, "approvals": 0, "role": "owner"}
TWO_MORE = {"condition": "cost_change", "above": 0.1, "approvals": 2, "role": None}


@pytest.fixture
def careful(staging: Environment, administrator: User) -> Environment:
    return ruled(staging, administrator, risk_rules=[REROUTED])


def test_large_impact__needs_one_more_and_says_why(
    careful: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.34)
    assert approved(change, owner).state == State.IN_REVIEW
    (finding,) = standing(change).quorum.applying
    assert "34" in finding.sentence and "more than 20" in finding.sentence
    assert approved(change, reviewer).state == State.APPROVED


def test_small_impact__needs_no_more(careful: Environment, author: User, owner: User) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.02)
    assert approved(change, owner).state == State.APPROVED


def test_missing_impact__counts_as_risky_and_nobody_approves_yet(
    careful: Environment, author: User, owner: User
) -> None:
    change = in_review(careful, author)
    (finding,) = standing(change).quorum.applying
    assert not finding.is_known
    with pytest.raises(Refused) as refusal:
        approved(change, owner)
    (reason,) = refusal.value.reasons
    assert reason.code == "impact"
    assert "not yet measured" in reason.sentence and "Wait" in reason.resolve


def test_impact_measured_since_the_page_was_opened__approval_is_stale(
    careful: Environment, author: User, owner: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.01)
    shown = seen(change)
    measure(change, rerouted_share=0.19)  # as few approvals, but not what was looked at
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=owner, seen=shown)
    assert refusal.value.codes == ("stale",)


def test_impact_that_cannot_be_measured__counts_as_risky(
    careful: Environment, author: User, owner: User
) -> None:
    change = in_review(careful, author)
    measure(change, total=None, by_class=None)
    assert approved(change, owner).state == State.IN_REVIEW
    assert standing(change).required == 2


def test_impact_measured_larger__takes_an_approved_change_back(
    careful: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.01)
    approved(change, owner)
    measure(change, rerouted_share=0.9)
    assert now(change).state == State.IN_REVIEW
    assert approved(change, reviewer).state == State.IN_REVIEW  # who saw less says yes again
    assert approved(change, owner).state == State.APPROVED


@pytest.mark.parametrize(
    "second",
    [
        {"rerouted_share": 0.0, "source": {**SOURCE, "name": "“harmless”", "requests": 30}},
        {"rerouted_share": 0.0, "source": {**SOURCE, "kind": "week"}},
        {"looked_at": 0, "rerouted_share": None},
    ],
    ids=["another dataset", "routers' reports", "nothing recorded"],
)
def test_other_source_of_impact__never_lowers_what_is_asked(
    careful: Environment, author: User, owner: User, second: dict[str, Any]
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.471)
    assert approved(change, owner).state == State.IN_REVIEW
    measure(change, **second)
    assert standing(change).required == 2
    assert now(change).state == State.IN_REVIEW


def test_routers_reports__never_lower_what_is_asked_whatever_comes_after(
    careful: Environment, author: User, owner: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.0, source={**SOURCE, "kind": "week"})
    assert approved(change, owner).state == State.IN_REVIEW
    (finding,) = standing(change).quorum.applying
    assert not finding.is_known and "routers" in finding.sentence
    measure(change, rerouted_share=0.0)
    assert standing(change).required == 2
    assert now(change).state == State.IN_REVIEW


def test_routers_reports_besides_a_dataset__may_only_raise(
    careful: Environment, author: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.0)
    measure(change, rerouted_share=0.01, source={**SOURCE, "kind": "week"})
    assert standing(change).required == 1
    measure(change, rerouted_share=0.3, source={**SOURCE, "kind": "week"})
    assert standing(change).required == 2


def test_changed_part_that_no_request_reaches__counts_as_risky(
    careful: Environment, author: User
) -> None:
    change = in_review(careful, author)
    unreached = [{"pointer": "/router_policy/rules/0", "words": "rule “p1”"}]
    measure(change, rerouted_share=0.0, unreached=unreached)
    assert standing(change).required == 2
    (finding,) = standing(change).quorum.applying
    assert not finding.is_known and "reaches" in finding.sentence


def test_impact_of_other_content__does_not_count(
    careful: Environment, author: User, owner: User
) -> None:
    change = in_review(careful, author)
    measure(change, rerouted_share=0.01)
    save_and_take_over(change, documents(share=50), author)
    (finding,) = standing(change).quorum.applying
    assert not finding.is_known


def test_rules_on_risk__add_up(staging: Environment, administrator: User, author: User) -> None:
    ruled(staging, administrator, risk_rules=[REROUTED, TWO_MORE])
    change = in_review(staging, author)
    measure(change, rerouted_share=0.5, projected_cost_change=-0.4)
    assert standing(change).required == 4


def test_role_asked_for__only_its_holders_fulfil_it(
    staging: Environment, administrator: User, author: User, owner: User, reviewer: User
) -> None:
    ruled(staging, administrator, risk_rules=[{**BY_OWNER, "approvals": 1}])
    change = in_review(staging, author)
    measure(change, new_providers=["Borealis"])
    approved(change, reviewer)
    codes = [reason.code for reason in guards.why_not("publish", now(change), owner)]
    assert "risk.owner" in codes
    assert approved(change, owner).state == State.APPROVED


def test_role_lost_before_publication__takes_the_change_back(
    staging: Environment,
    administrator: User,
    author: User,
    owner: User,
    co_author: User,
    reviewer: User,
) -> None:
    second = add_member(staging.workflow.team, co_author, Role.OWNER, acting_user=administrator)
    ruled(staging, administrator, risk_rules=[{**BY_OWNER, "approvals": 2}])
    change = in_review(staging, author)
    measure(change, new_providers=["Borealis"])
    assert approved(change, owner, co_author, reviewer).state == State.APPROVED
    remove_member(second, acting_user=administrator)
    assert now(change).state == State.IN_REVIEW
    assert standing(change).roles_short[0].missing == 1


def test_change_of_rules__is_versioned_and_on_record(
    staging: Environment, administrator: User
) -> None:
    ruled(staging, administrator, risk_rules=[REROUTED])
    staging.refresh_from_db()
    assert staging.rules_version == 2
    event = AuditEvent.objects.get(action="environment.updated")
    assert event.detail["risk_rules"] == [REROUTED]
    assert event.detail["rules_version"] == 2
    ruled(staging, administrator, risk_rules=[REROUTED])
    staging.refresh_from_db()
    assert staging.rules_version == 2


def test_rules_that_are_not_sound__are_refused(staging: Environment, administrator: User) -> None:
    with pytest.raises(Refused) as refusal:
        ruled(staging, administrator, risk_rules=[{"condition": "cost_change"}])
    assert refusal.value.codes == ("risk_rules",)


def test_stricter_rule__takes_an_approved_change_back_and_it_can_be_approved_again(
    staging: Environment, administrator: User, author: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(staging, author), owner)
    ruled(staging, administrator, risk_rules=[REROUTED])
    assert now(change).state == State.IN_REVIEW
    measure(change, rerouted_share=0.9)
    approved(change, owner)
    assert approved(change, reviewer).state == State.APPROVED
    publication.publish(now(change), acting_user=owner)
