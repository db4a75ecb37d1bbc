"""What no recorded request meets is not measured, so it counts as a risk."""

from __future__ import annotations

from typing import Any

import pytest

from policies.governance.impact_facts import ImpactFacts, impact_facts
from policies.governance.risk_rules import Condition, RiskRule, judge
from tests.policies.governance.test_risk_rules import CHANGE
from tests.policies.review_steps import impact

CONTENT: dict[str, Any] = {"request_classification": {"classes": []}}
UNMET = [{"pointer": "/router_policy/rules/0", "words": "rule “routine”"}]
REROUTED = RiskRule(Condition.REROUTED, 0.2)


def facts(**figures: Any) -> ImpactFacts:
    found = impact_facts(impact(CHANGE, unreached=UNMET, **figures))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "rule",
    [
        REROUTED,
        RiskRule(Condition.COST_CHANGE, 0.1),
        RiskRule(Condition.RESIDENCY_CHANGED),
        RiskRule(Condition.HIGH_RISK_CLASS),
    ],
)
def test_rule__of_a_change_that_no_request_meets__applies_and_names_it(rule: RiskRule) -> None:
    [found] = judge([rule], [facts()], CONTENT)
    assert (found.applies, found.is_known) == (True, False)
    assert "rule “routine”" in found.sentence


def test_rule__that_applies_by_what_is_measured__says_so() -> None:
    [found] = judge([REROUTED], [facts(rerouted_share=0.5)], CONTENT)
    assert (found.applies, found.is_known) == (True, True)


def test_rule__about_the_documents__needs_no_request() -> None:
    [found] = judge([RiskRule(Condition.NEW_PROVIDER)], [facts()], CONTENT)
    assert not found.applies
