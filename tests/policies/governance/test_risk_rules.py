"""Rules on risk held against measured figures: what applies, and why it is said to."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from policies.governance.impact_facts import ImpactFacts, impact_facts
from policies.governance.risk_rules import Condition, RiskRule, judge, problems_of, read_rules
from policies.models import ChangeRequest
from tests.policies.review_steps import impact
from tests.policies.steps import documents

CHANGE = cast(
    ChangeRequest, SimpleNamespace(base_digest="sha256:1", bundle=SimpleNamespace(digest="d"))
)


def facts(**figures: Any) -> ImpactFacts:
    found = impact_facts(impact(CHANGE, **figures))
    assert found is not None
    return found


def applies(rule: RiskRule, **figures: Any) -> bool:
    content = documents()
    (complex_class,) = (
        entry for entry in content["request_classification"]["classes"] if entry["key"] == "complex"
    )
    complex_class["risk"] = "high"
    (finding,) = judge([rule], facts(**figures), content)
    assert finding.is_known
    return finding.applies


COST = RiskRule(Condition.COST_CHANGE, 0.1)
REROUTED = RiskRule(Condition.REROUTED, 0.25)
AFFECTED = [{"key": "complex", "requests": 100, "affected": 3}]


@pytest.mark.parametrize(
    ("rule", "figures", "expected"),
    [
        (COST, {"projected_cost_change": 0.1}, False),
        (COST, {"projected_cost_change": 0.11}, True),
        (COST, {"projected_cost_change": -0.3}, True),
        (REROUTED, {"rerouted_share": 0.25}, False),
        (REROUTED, {"rerouted_share": 0.26}, True),
        (RiskRule(Condition.RESIDENCY_CHANGED), {"residency_changed_share": 0.01}, True),
        (RiskRule(Condition.RESIDENCY_CHANGED), {}, False),
        (RiskRule(Condition.QUALITY_FLOOR_LOWERED), {"loosened": ["Margin doubled."]}, True),
        (RiskRule(Condition.QUALITY_FLOOR_LOWERED), {}, False),
        (RiskRule(Condition.NEW_PROVIDER), {"new_providers": ["Borealis"]}, True),
        (RiskRule(Condition.NEW_PROVIDER), {}, False),
        (RiskRule(Condition.HIGH_RISK_CLASS), {"by_class": AFFECTED}, True),
        (
            RiskRule(Condition.HIGH_RISK_CLASS),
            {"by_class": [{"key": "simple", "requests": 100, "affected": 3}]},
            False,
        ),
    ],
)
def test_rule__against_known_figures__applies_beyond_its_bound(
    rule: RiskRule, figures: dict[str, Any], expected: bool
) -> None:
    assert applies(rule, **figures) is expected


@pytest.mark.parametrize("condition", Condition)
def test_rule__without_a_measured_impact__applies_and_says_so(condition: Condition) -> None:
    (finding,) = judge([RiskRule(condition, 0.1)], None, documents())
    assert finding.applies and not finding.is_known
    assert "not measured" in finding.sentence


@pytest.mark.parametrize(
    "rule",
    [COST, REROUTED, RiskRule(Condition.RESIDENCY_CHANGED), RiskRule(Condition.HIGH_RISK_CLASS)],
)
def test_rule__without_recorded_requests__applies_and_says_so(rule: RiskRule) -> None:
    nothing = facts(
        looked_at=0,
        projected_cost_change=None,
        rerouted_share=None,
        residency_changed_share=None,
    )
    (finding,) = judge([rule], nothing, documents())
    assert finding.applies and not finding.is_known


def test_impact_of_another_form__is_not_known() -> None:
    assert impact_facts({"source": {"key": "x"}}) is None
    assert impact_facts({"total": {}, "looked_at": 3}) is None


@pytest.mark.parametrize(
    "raw",
    [
        {"condition": "cost_change"},
        {"condition": "cost_change", "above": -0.1},
        {"condition": "new_provider", "above": 0.1},
        {"condition": "new_provider", "approvals": 0},
        {"condition": "new_provider", "approvals": 99},
        {"condition": "new_provider", "role": "viewer"},
        {"condition": "the_moon"},
    ],
)
def test_rule__that_is_not_sound__is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_rules([raw])


def test_rule__kept_and_read__is_the_same() -> None:
    rules = [COST, RiskRule(Condition.NEW_PROVIDER, None, 0, "owner")]
    assert list(read_rules(rule.as_json() for rule in rules)) == rules
    assert problems_of(rules) == []
    assert problems_of([COST, COST]) == ["A rule on risk stands there twice."]
