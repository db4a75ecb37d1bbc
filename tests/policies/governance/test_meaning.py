"""A meaning is what a bundle does: words never change it, other decisions always do."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import Bundle, DocumentError, Request, decide, parse_bundle
from policies.governance.meaning import intent_digest, meaning_digest
from tests.engine.analysis.documents import bundle as split_bundle
from tests.engine.strategies import bundles, requests, texts
from tests.evaluations.bundles import rule_bundle


def reworded(content: dict[str, Any], words: str) -> dict[str, Any]:
    """The bundle with every text for people replaced."""
    new = copy.deepcopy(content)
    classification = new["request_classification"]
    for entry in (*classification["attributes"], *classification["classes"]):
        entry["description"] = words
    for rule in (*classification["rules"], *new["router_policy"]["rules"]):
        rule["description"] = words
    for entry in classification["classes"]:
        entry["label"] = f"L{words}".replace("\n", " ").strip()[:40]
    for threshold in new["quality_thresholds"]["thresholds"]:
        threshold["owner"] = words
    for entry in new["catalogue"]["models"].values():
        entry["label"] = "Other"
    return new


@given(bundles(), texts, requests())
def test_meaning__of_the_same_rules_in_other_words__is_the_same_and_decides_the_same(
    bundle: Bundle, words: str, request: Request
) -> None:
    content: dict[str, Any] = bundle.to_json()
    new = reworded(content, words)
    try:
        other = parse_bundle(new)
    except DocumentError:
        return  # words that no document may hold
    assert meaning_digest(new) == meaning_digest(content)
    assert intent_digest(new) == intent_digest(content)
    first, second = decide(bundle, request), decide(other, request)
    assert (first.class_key, first.model, first.candidates) == (
        second.class_key, second.model, second.candidates,
    )  # fmt: skip


@given(bundles(), requests(), st.data())
def test_meaning__where_an_edit_changes_a_decision__is_another(
    bundle: Bundle, request: Request, data: st.DataObject
) -> None:
    content: dict[str, Any] = bundle.to_json()
    new = copy.deepcopy(content)
    data.draw(st.sampled_from(EDITS))(new)
    try:
        other = parse_bundle(new)
    except DocumentError:
        return
    if _done(bundle, request) != _done(other, request):
        assert meaning_digest(new) != meaning_digest(content)


def test_meaning__of_a_split__is_another_with_other_earlier_weights_and_none_is_as_empty() -> None:
    def meaning(**more: Any) -> str:
        candidates = [{"model": "m1"}, {"model": "m2"}]
        route = {"select": "weighted", "candidates": candidates, **more}
        made = split_bundle(rules={"r": ({}, route)}, default=route)
        return meaning_digest(made.to_json())

    assert meaning(earlier_weights=[]) == meaning()
    assert meaning(earlier_weights=[{"m1": 1}]) != meaning()


def intent(
    weights: Mapping[str, float], rule: str = "r", select: str = "weighted", **more: Any
) -> str:
    """Of a bundle with one route, given twice."""
    candidates = [{"model": model, "weight": weight} for model, weight in weights.items()]
    route = {"select": select, "salt": "s", "candidates": candidates, **more}
    return intent_digest(split_bundle(rules={rule: ({}, route)}, default=route).to_json())


HALVES = {"m1": 50, "m2": 50}


@pytest.mark.parametrize(
    "other",
    [
        intent({"m1": 5, "m2": 5}),
        intent({"m1": 0.1, "m2": 0.1}),
        intent(HALVES, earlier_weights=[{"m1": 9, "m2": 1}]),
        intent(HALVES, rule="by-another-name"),
    ],
)
def test_intent__of_the_same_shares_however_written_and_from_whatever_base__is_the_same(
    other: str,
) -> None:
    assert other == intent(HALVES)


@pytest.mark.parametrize(
    "other",
    [
        intent({"m1": 51, "m2": 49}),
        intent({"m2": 50, "m1": 50}),
        intent(HALVES, salt="another"),
        intent(HALVES, select="ordered"),
        intent(HALVES, constraints={"regions": ["eu"]}),
    ],
)
def test_intent__of_other_shares_or_another_salt_order_or_constraint__is_another(
    other: str,
) -> None:
    assert other != intent(HALVES)


def test_intent__of_a_route_that_is_no_split__leaves_out_what_only_splits_go_by() -> None:
    idle = intent(
        {"m1": 7, "m2": 1}, select="ordered", salt="idle", earlier_weights=[{"m1": 1, "m2": 2}]
    )
    assert idle == intent(HALVES, select="ordered")


def _done(bundle: Bundle, request: Request) -> tuple[object, ...]:
    decision = decide(bundle, request)
    rows = [(row.model, row.class_key, row.on, row.then) for row in bundle.fallback_matrix.rows]
    return decision, rows


def _swap_classes(content: dict[str, Any]) -> None:
    classification = content["request_classification"]
    classification["default_class"] = classification["classes"][-1]["key"]


def _reverse_rules(content: dict[str, Any]) -> None:
    content["router_policy"]["rules"].reverse()
    content["request_classification"]["rules"].reverse()


def _drop_rules(content: dict[str, Any]) -> None:
    content["router_policy"]["rules"] = content["router_policy"]["rules"][1:]


def _other_candidates(content: dict[str, Any]) -> None:
    content["router_policy"]["default"]["candidates"].reverse()


def _no_regions(content: dict[str, Any]) -> None:
    content["router_policy"]["default"]["constraints"]["regions"] = []


def _retire(content: dict[str, Any]) -> None:
    for entry in content["catalogue"]["models"].values():
        entry["status"] = "retired"


def _no_fallback(content: dict[str, Any]) -> None:
    content["fallback_matrix"]["rows"] = content["fallback_matrix"]["rows"][:-1]


EDITS = (
    _swap_classes,
    _reverse_rules,
    _drop_rules,
    _other_candidates,
    _no_regions,
    _retire,
    _no_fallback,
)


def test_meaning__of_a_condition_on_an_attribute_called_description__keeps_it() -> None:
    """A name in a condition is no word for people, whatever it is."""
    first = _with_condition({"description": {"in": ["a"]}})
    assert meaning_digest(first) != meaning_digest(_with_condition({"description": {"in": ["b"]}}))


def test_meaning__of_content_that_is_no_bundle__is_the_content_itself() -> None:
    assert meaning_digest({"schema": 0}) != meaning_digest({"schema": -1})


def _with_condition(when: dict[str, Any]) -> dict[str, Any]:
    attribute = {"name": "description", "type": "category"}
    return rule_bundle("m", [(when, "n")], attributes=[attribute]).to_json()
