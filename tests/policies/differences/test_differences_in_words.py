"""What changed between two documents, in sentences a product owner reads."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.differences import NO_EFFECT, Change, describe_difference, document_lines
from policies.differences.routing import route_changes
from policies.engine import COMPONENTS
from policies.files.starting_documents import starting_documents
from tests.engine.strategies import bundle_documents, json_values
from tests.policies.steps import documents

Edit = Callable[[Any], None]


def changes(kind: str, edit: Edit) -> list[Change]:
    old = documents()[kind]
    new = copy.deepcopy(old)
    edit(new)
    return describe_difference(kind, old, new)


def only(kind: str, edit: Edit) -> Change:
    [change] = changes(kind, edit)
    return change


RULE = {"id": "p2", "when": {}, "route": {"select": "ordered", "candidates": [{"model": "orchid"}]}}


def test_rule__added__says_where_and_what() -> None:
    change = only("router_policy", lambda new: new["rules"].insert(0, RULE))
    assert change == Change(
        "added", "Rule “p2” added at place 1: Always → orchid.", "/rules/0", False
    )


def test_rule__removed() -> None:
    change = only("router_policy", lambda new: new["rules"].clear())
    assert change.kind == "removed"
    assert change.sentence.startswith("Rule “p1” removed: When class is simple → split")


def test_rules__reordered__names_the_one_that_moved() -> None:
    old = documents()["router_policy"]
    old["rules"] += [RULE, RULE | {"id": "p3"}]
    new = copy.deepcopy(old)
    new["rules"].insert(0, new["rules"].pop())
    [change] = describe_difference("router_policy", old, new)
    assert change == Change("moved", "Rule “p3” moved up, from place 3 to 1.", "/rules/0", False)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ["orchid", "swift"],
            ["pearl", "swift"],
            ["orchid is no longer a candidate, and was tried first.",
             "pearl is a candidate, tried first."],
        ),
        (["orchid"], ["orchid", "pearl"], ["pearl is a candidate."]),
        (["orchid", "swift"], ["orchid"], ["swift is no longer a candidate."]),
        (
            ["orchid", "swift"],
            ["swift", "orchid"],
            ["candidates are tried in the order swift and then orchid; it was orchid and then "
             "swift."],
        ),
    ],
)  # fmt: skip
def test_order_of_candidates__changed__says_who_was_tried_first(
    before: list[str], after: list[str], said: list[str]
) -> None:
    old, new = (
        {
            "rules": [],
            "default": {"select": "ordered", "candidates": [{"model": m} for m in models]},
        }
        for models in (before, after)
    )
    found = [change.sentence for change in describe_difference("router_policy", old, new)]
    assert found == [f"Default route: {sentence}" for sentence in said]


def test_rule__renamed__is_neither_added_nor_removed() -> None:
    change = only("router_policy", lambda new: new["rules"][0].update(id="cheap-first"))
    assert change.sentence == "Rule “cheap-first” was called “p1”."


def test_condition__changed__is_told_test_by_test() -> None:
    def edit(new: Any) -> None:
        new["rules"][0]["when"] = {"task": {"in": ["code", "answer"]}, "prompt_tokens": {"gte": 5}}

    said = [change.sentence for change in changes("request_classification", edit)]
    assert said == [
        "Rule “c1”: now only when prompt_tokens ≥ 5 tokens.",
        "Rule “c1”: asks that task is code or answer; was that task is code.",
    ]


def test_candidate_weight__changed__is_told_in_shares() -> None:
    def edit(new: Any) -> None:
        new["rules"][0]["route"]["candidates"][0]["weight"] = 30

    said = [change.sentence for change in changes("router_policy", edit)]
    assert said[0] == "Rule “p1”: swift-small gets 75% of requests, was 90%."


def split(*weights: int, earlier: Any = None, salt: str = "s") -> dict[str, Any]:
    """A split among three models; ``earlier`` holds its weights of before."""
    names = ("swift-small", "swift-large", "orchid")
    candidates = [{"model": m, "weight": w} for m, w in zip(names, weights, strict=True)]
    route = {"select": "weighted", "salt": salt, "candidates": candidates}
    if earlier is None:
        return route
    return {**route, "earlier_weights": [dict(zip(names, one, strict=True)) for one in earlier]}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            split(34, 33, 33),
            split(33, 34, 33, earlier=[(34, 33, 33)]),
            "1.00% of conversations move from swift-small to swift-large; no others do.",
        ),
        (
            split(34, 33, 33, earlier=[(50, 25, 25)]),
            split(30, 35, 35, earlier=[(50, 25, 25), (34, 33, 33)]),
            "4.00% of conversations change models: swift-small to orchid 2.00%, swift-small to "
            "swift-large 2.00%; no others do.",
        ),
        (
            split(33, 34, 33, earlier=[(34, 33, 33)]),
            split(33, 34, 33, earlier=[]),
            "2.28% of conversations change models, where the shares differ by 0.00%: ",
        ),
        (
            split(33, 34, 33),
            split(33, 34, 33, earlier=[(330, 340, 330)]),
            "other earlier weights, by which under 0.01% of conversations change models.",
        ),
        (
            split(33, 34, 33),
            split(33, 34, 33, earlier=[(1, 1, 1)], salt="t"),
            "another salt, so that every conversation is assigned anew.",
        ),
    ],
    ids=["one way", "two ways", "forgotten", "in other numbers", "another salt"],
)
def test_earlier_weights__changed__tell_how_many_move(old: Any, new: Any, said: str) -> None:
    found = [change.sentence for change in route_changes(old, new, "Rule “p1”", "/p")]
    assert found[-1].startswith(f"Rule “p1”: {said}")


def test_moves__of_too_many_models_and_changes__are_not_followed() -> None:
    def many(*, backwards: bool = False) -> dict[str, Any]:
        models = [f"m{number}" for number in range(50)]
        return {
            "select": "weighted",
            "salt": "s",
            "candidates": [{"model": model} for model in models],
            "earlier_weights": [{model: 1, "m0": 2} for model in models[1:]][
                :: -1 if backwards else 1
            ],
        }

    found = [change.sentence for change in route_changes(many(backwards=True), many(), "R", "/p")]
    assert found == [
        "R: too many models and changes of weights to tell how many conversations move."
    ]
    assert list(route_changes(many(), many(), "R", "/p")) == []


def test_weights__one_raised_and_one_lowered__tells_how_many_move_besides() -> None:
    found = [
        change.sentence
        for change in route_changes(split(34, 33, 33), split(33, 34, 33), "Rule “p1”", "/p")
    ]
    assert found[-1] == (
        "Rule “p1”: 1.33% of conversations change models, where the shares differ by 1.00%: "
        "swift-small to swift-large 0.67%, orchid to swift-large 0.33%, "
        "swift-small to orchid 0.33%."
    )
    raised = [change.sentence for change in route_changes(split(1, 1, 1), split(2, 1, 1), "R", "")]
    assert not [sentence for sentence in raised if "change models" in sentence]


def test_weights__scaled_together__change_nothing() -> None:
    def edit(new: Any) -> None:
        for candidate in new["rules"][0]["route"]["candidates"]:
            candidate["weight"] *= 2

    [change] = changes("router_policy", edit)
    assert change.sentence == NO_EFFECT


def test_salt__changed__warns_that_all_are_assigned_anew() -> None:
    change = only("router_policy", lambda new: new["rules"][0]["route"].update(salt="x"))
    assert "assigned anew" in change.sentence


def test_first_policy__beside_the_starting_documents__changes_no_constraint() -> None:
    """Those have no candidate yet, so that their defaults are not written out."""
    old, new = starting_documents()["router_policy"], documents()["router_policy"]
    said = [change.sentence for change in describe_difference("router_policy", old, new)]
    assert [
        sentence for sentence in said if "any" in sentence or "without a fitting" in sentence
    ] == []


@pytest.mark.parametrize(
    ("before", "after", "loosens"),
    [
        ({"regions": ["eu"]}, {}, True),
        ({"regions": ["eu"]}, {"regions": ["eu", "us"]}, True),
        ({"regions": ["eu", "us"]}, {"regions": ["eu"]}, False),
        ({"capabilities": ["tools"]}, {}, True),
        ({}, {"capabilities": ["tools"]}, False),
        ({"max_cost_usd": 0.1}, {"max_cost_usd": 0.2}, True),
        ({"max_cost_usd": 0.1}, {}, True),
        ({"fits_context": True}, {}, True),
    ],
)
def test_constraint__changed__says_whether_it_loosens(
    before: Any, after: Any, loosens: bool
) -> None:
    old, new = documents()["router_policy"], documents()["router_policy"]
    old["default"]["constraints"], new["default"]["constraints"] = before, after
    [change] = describe_difference("router_policy", old, new)
    assert change.loosens is loosens


@pytest.mark.parametrize(
    ("before", "after", "loosens"),
    [
        ({"margin": 0.02}, {"margin": 0.05}, True),
        ({"margin": 0.02}, {"margin": 0.01}, False),
        ({"confidence": 0.95}, {"confidence": 0.9}, True),
        ({"min_samples": 200}, {"min_samples": 500}, False),
        ({"effect": "gate"}, {"effect": "alarm"}, True),
        ({"class": "*"}, {"class": "simple"}, True),
        (
            {"comparison": "absolute", "margin": None, "value": 0.9},
            {"comparison": "absolute", "margin": None, "value": 0.8},
            True,
        ),
        (
            {"comparison": "vs_baseline", "metric": "mean_cost_usd", "layer": "economic",
             "op": "lte", "margin": 0.1},
            {"comparison": "vs_baseline", "metric": "mean_cost_usd", "layer": "economic",
             "op": "lte", "margin": 0.2},
            True,
        ),
    ],
)  # fmt: skip
def test_threshold__changed__says_whether_it_loosens(
    before: Any, after: Any, loosens: bool
) -> None:
    old, new = documents()["quality_thresholds"], documents()["quality_thresholds"]
    old["thresholds"][0].update(before)
    new["thresholds"][0].update(after)
    [change] = describe_difference("quality_thresholds", old, new)
    assert change.loosens is loosens


@pytest.mark.parametrize(
    "after",
    [
        {"comparison": "vs_baseline"},
        {"relative": True},
        {"comparison": "absolute", "margin": None, "value": 0.99},
        {"metric": "route_accuracy"},
        {"metric": "error_rate", "layer": "reliability", "op": "lte"},
    ],
)
def test_threshold__that_cannot_be_compared_with_the_old_one__counts_as_loosened(
    after: Any,
) -> None:
    told = changes("quality_thresholds", lambda new: new["thresholds"][0].update(after))
    assert any(change.loosens for change in told)
    assert not any("tightened" in change.sentence for change in told)


@pytest.mark.parametrize(("before", "after"), [("simple", "*"), ("simple", "hard")])
def test_threshold__of_another_class__counts_as_loosened(before: str, after: str) -> None:
    old, new = documents()["quality_thresholds"], documents()["quality_thresholds"]
    old["thresholds"][0]["class"], new["thresholds"][0]["class"] = before, after
    [change] = describe_difference("quality_thresholds", old, new)
    assert change.loosens


def test_threshold__removed__loosens() -> None:
    change = only("quality_thresholds", lambda new: new["thresholds"].clear())
    assert change.kind == "removed" and change.loosens


def test_fallback__failures_that_change_alike__share_a_sentence() -> None:
    change = only("fallback_matrix", lambda new: new["rows"][0].update(then=["swift-large"]))
    assert change.sentence == (
        "swift-small on rate_limit, timeout, server_error, overloaded, network or quota_exhausted: "
        "goes on to swift-large; was orchid."
    )


def test_fallback__rows_reordered__change_nothing() -> None:
    [change] = changes("fallback_matrix", lambda new: new["rows"].reverse())
    assert change.sentence == NO_EFFECT


@pytest.mark.parametrize(
    "limits",
    [
        {"max_attempts": 9},
        {"deadline_ms": 60_000},
        {"retry_budget": None},
        {"retry_budget": {"ratio": 0.5}},
        {"breaker": None},
        {"breaker": {"failure_ratio": 0.9}},
        {"preserve": {"regions": False}},
    ],
)
def test_limit__raised_or_lifted__loosens(limits: Any) -> None:
    change = only("fallback_matrix", lambda new: new.update(limits=limits))
    assert change.loosens


def test_omitted_default__written_out__is_no_change() -> None:
    edited = documents()["router_policy"] | {"sticky_on": None}
    assert describe_difference("router_policy", documents()["router_policy"], edited) == []


@given(bundle_documents(), bundle_documents(), st.sampled_from(COMPONENTS))
def test_difference__is_empty_only_for_equal_documents(old: Any, new: Any, kind: str) -> None:
    assert describe_difference(kind, old[kind], old[kind]) == []
    said = describe_difference(kind, old[kind], new[kind])
    lines = document_lines(old[kind], new[kind])
    assert bool(said) <= bool(lines)


@given(json_values, json_values, st.sampled_from(COMPONENTS))
def test_difference__of_any_json__never_raises(old: Any, new: Any, kind: str) -> None:
    describe_difference(kind, old, new)


@given(bundle_documents(), json_values, st.sampled_from(COMPONENTS))
def test_difference__of_a_document_gone_wrong__never_raises(old: Any, junk: Any, kind: str) -> None:
    for key in old[kind]:
        describe_difference(kind, old[kind], old[kind] | {key: junk})
        describe_difference(kind, old[kind] | {key: [junk, {}, {"id": junk}]}, old[kind])


def test_document_lines__show_what_is_around_and_what_is_left_out() -> None:
    old = {"a": list(range(20)), "b": 1}
    lines = document_lines(old, old | {"b": 2})
    assert [line.sign for line in lines] == ["gap", " ", " ", " ", "-", "+", " "]
    assert lines[4].text == '  "b": 1' and lines[4].old == 24 and lines[5].new == 24
