"""When one evidence plan asks for less than another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.governance.evidence_plans import PlanTerms, RequiredDataset, problems_of, weakens

OCTOBER, NOVEMBER = RequiredDataset("sha256:a", "October"), RequiredDataset("sha256:b", "November")
PLAN = PlanTerms((OCTOBER,), timeout_ms={"*": 3000})

WEAKER: list[tuple[dict[str, Any], str]] = [
    ({"datasets": (NOVEMBER,)}, "The dataset “October” would no longer be required."),
    ({"min_moved": 99}, "99 instead of 100 requests treated differently would be enough."),
    ({"min_clusters": 39}, "39 instead of 40 independent conversations would be enough."),
    ({"sealed_share": 0.2}, "20% instead of 33% of the conversations would be sealed."),
    ({"sealed_share": 0.5}, "50% instead of 33% of the conversations would be sealed."),
    ({"fresh_days": 31}, "A run would count for 31 days instead of 30."),
    ({"adequate_at": 0.4}, "Answers would count as adequate from quality 0.4 instead of 0.5."),
    ({"adequate_at": 0.6}, "Answers would count as adequate from quality 0.6 instead of 0.5."),
    ({"timeout_ms": {"*": 9000}}, "Time limits would be 9000 ms instead of 3000 ms."),
    ({"timeout_ms": {}}, "Time limits would be none instead of 3000 ms."),
    (
        {"timeout_ms": {"*": 3000, "slow": 100}},
        "Time limits would be slow: 100 ms, other models: 3000 ms instead of 3000 ms.",
    ),
]
STRICTER: list[dict[str, Any]] = [
    {"datasets": (OCTOBER, NOVEMBER)},
    {"datasets": (RequiredDataset("sha256:a", "Another name"),)},
    {"min_moved": 500},
    {"min_clusters": 80},
    {"fresh_days": 7},
    {},
]


@pytest.mark.parametrize(("change", "sentence"), WEAKER)
def test_plan__that_asks_for_less_or_otherwise__says_how(
    change: dict[str, Any], sentence: str
) -> None:
    assert weakens(PLAN, replace(PLAN, **change)) == [sentence]


@pytest.mark.parametrize("change", STRICTER)
def test_plan__that_asks_for_as_much_or_more__weakens_nothing(change: dict[str, Any]) -> None:
    assert weakens(PLAN, replace(PLAN, **change)) == []


def test_plan__where_there_was_none__lets_something_pass_for_the_first_time() -> None:
    assert weakens(None, PLAN) == [
        "There was no evidence plan, so nothing could pass; now “October” would decide."
    ]


plans = st.builds(
    PlanTerms,
    st.lists(st.sampled_from((OCTOBER, NOVEMBER)), min_size=1, unique=True).map(tuple),
    adequate_at=st.sampled_from((0.4, 0.5)),
    timeout_ms=st.sampled_from(({}, {"*": 3000.0})),
    min_moved=st.sampled_from((50, 100)),
    sealed_share=st.sampled_from((0.25, 0.5)),
    fresh_days=st.sampled_from((7, 30)),
)


@given(plans, plans, plans)
def test_plans__none_weaker_than_the_one_before__are_not_weaker_in_the_end(
    first: PlanTerms, second: PlanTerms, third: PlanTerms
) -> None:
    """Nobody gets to less by steps of which each asks for as much."""
    if not weakens(first, second) and not weakens(second, third):
        assert weakens(first, third) == []


@given(plans)
def test_plan__kept_and_read_back__is_the_same(plan: PlanTerms) -> None:
    assert PlanTerms.from_json(plan.as_json()) == plan
    assert problems_of(plan) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"datasets": ()}, "datasets"),
        ({"datasets": (OCTOBER, OCTOBER)}, "datasets"),
        ({"adequate_at": 0}, "adequate_at"),
        ({"timeout_ms": {"m": 0}}, "timeout_ms"),
        ({"sealed_share": 0.0}, "sealed_share"),
        ({"sealed_share": 1.0}, "sealed_share"),
        ({"min_clusters": 1}, "min_clusters"),
        ({"fresh_days": 0}, "fresh_days"),
    ],
)
def test_plan__that_cannot_be__names_the_field(change: dict[str, Any], name: str) -> None:
    assert [field for field, _ in problems_of(replace(PLAN, **change))] == [name]
