"""Rules on risk held against measured figures: what applies, and why it is said to."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.governance.impact_facts import ImpactFacts, bound_facts, impact_facts
from policies.governance.risk_rules import (
    WITH_BOUND,
    Condition,
    RiskRule,
    judge,
    problems_of,
    read_rules,
)
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
    (finding,) = judge([rule], [facts(**figures)], content, content)
    assert finding.is_known
    return finding.applies


NOTHING: dict[str, Any] = dict.fromkeys(
    ("projected_cost_change", "rerouted_share", "residency_changed_share")
)
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


@pytest.mark.parametrize("measured", [[], [None]], ids=["nothing", "a failure"])
@pytest.mark.parametrize("condition", Condition)
def test_rule__without_a_measured_impact__applies_and_says_so(
    condition: Condition, measured: list[ImpactFacts | None]
) -> None:
    (finding,) = judge([RiskRule(condition, 0.1)], measured, documents())
    assert finding.applies and not finding.is_known
    assert "not measured" in finding.sentence


@pytest.mark.parametrize(
    "rule",
    [COST, REROUTED, RiskRule(Condition.RESIDENCY_CHANGED), RiskRule(Condition.HIGH_RISK_CLASS)],
)
def test_rule__without_recorded_requests__applies_and_says_so(rule: RiskRule) -> None:
    nothing = facts(looked_at=0, **NOTHING)
    (finding,) = judge([rule], [nothing], documents())
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


SHARES = st.none() | st.sampled_from([0.0, 0.05, 0.2, 0.4])
KINDS = ("dataset", "week", "nothing")
FIGURES = st.fixed_dictionaries(
    {
        "rerouted_share": SHARES,
        "projected_cost_change": SHARES,
        "residency_changed_share": SHARES,
        "looked_at": st.sampled_from([0, 30]),
        "unreached": st.sampled_from(
            [[], [{"pointer": "/router_policy/rules/0", "words": "rule “p1”"}]]
        ),
        "new_providers": st.sampled_from([[], ["Borealis"]]),
        "loosened": st.sampled_from([[], ["Margin doubled."]]),
        "by_class": st.sampled_from([[], AFFECTED]),
        "source": st.sampled_from([{"kind": kind, "name": "n", "requests": 30} for kind in KINDS]),
    }
)


def measured_with(figures: dict[str, Any]) -> ImpactFacts:
    return facts(**figures)


MEASURED = st.none() | FIGURES.map(measured_with)


@given(st.lists(MEASURED, min_size=1, max_size=4), MEASURED)
def test_one_more_measurement__never_asks_for_less(
    measured: list[ImpactFacts | None], another: ImpactFacts | None
) -> None:
    rules = [
        RiskRule(condition, 0.1 if condition in WITH_BOUND else None) for condition in Condition
    ]
    before = judge(rules, measured, documents())
    after = judge(rules, [*measured, another], documents())
    assert all(new.applies for old, new in zip(before, after, strict=True) if old.applies)


@given(st.lists(MEASURED, min_size=1, max_size=4), st.data())
def test_same_measurement_again__binds_approvals_to_the_same(
    measured: list[ImpactFacts | None], data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(measured))
    assert bound_facts([*measured, again]) == bound_facts(measured)


@pytest.mark.parametrize("first", [{"looked_at": 0, **NOTHING}, {"rerouted_share": 0.4}])
def test_milder_measurement__binds_approvals_to_the_same(first: dict[str, Any]) -> None:
    before = [facts(**first)]
    assert bound_facts([*before, facts()]) == bound_facts(before)
    assert bound_facts([*before, facts(rerouted_share=0.5)]) != bound_facts(before)


def test_figure_unknown_later__binds_approvals_to_something_else() -> None:
    before = [facts()]
    assert bound_facts([*before, facts(projected_cost_change=None)]) != bound_facts(before)


def with_risk(**classes: str) -> dict[str, Any]:
    return {
        "request_classification": {
            "classes": [{"key": key, "risk": risk} for key, risk in classes.items()]
        }
    }


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"legal": "high"}, {"legal": "low"}, "Class legal is no longer one of high risk."),
        ({"legal": "high"}, {"law": "high"}, "Class legal is no longer one of high risk."),
        ({"legal": "low"}, {"legal": "high"}, "Class legal is new as one of high risk."),
    ],
)
def test_high_risk__talked_away_or_brought_in_by_the_change_itself__applies(
    before: dict[str, str], after: dict[str, str], said: str
) -> None:
    rule = RiskRule(Condition.HIGH_RISK_CLASS)
    untouched = facts(by_class=[])
    [finding] = judge([rule], [untouched], with_risk(**after), with_risk(**before))
    assert finding.applies and said in finding.sentence


def test_high_risk__of_a_first_release__applies() -> None:
    [finding] = judge([RiskRule(Condition.HIGH_RISK_CLASS)], [facts()], with_risk(legal="high"))
    assert finding.applies


def test_high_risk__of_the_base_that_is_treated_differently__applies_whatever_it_is_called() -> (
    None
):
    moved = facts(by_class=[{"key": "legal", "requests": 300, "affected": 200}])
    same = with_risk(legal="high")
    [finding] = judge([RiskRule(Condition.HIGH_RISK_CLASS)], [moved], same, same)
    assert "200 requests of class legal" in finding.sentence
