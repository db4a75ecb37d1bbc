"""The JavaScript decider answers the golden vectors, and agrees with the engine beyond them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.benchmarks.agreement.__main__ import compare
from tests.benchmarks.agreement.javascript import NODE, Decider, running_decider
from tests.engine.test_vectors import vectors

pytestmark = pytest.mark.skipif(
    NODE is None and not os.environ.get("CI"), reason="Node is not installed here"
)
NO_REQUIREMENTS: dict[str, Any] = {
    "regions": [],
    "capabilities": [],
    "input_tokens": None,
    "max_output_tokens": None,
}


@pytest.fixture(scope="module")
def decider() -> Iterator[Decider]:
    with running_decider() as decider:
        assert decider.ask(do="load", bundle=vectors("bundle.json")) is True
        yield decider


def differing(
    decider: Decider, cases: list[dict[str, Any]], asked: list[dict[str, Any]], wanted: list[Any]
) -> list[Any]:
    """(case, answer) where the answer has not every member that is wanted, with its value."""
    answers = decider.ask_all(asked)
    return [
        (case.get("name", case), answer)
        for case, answer, want in zip(cases, answers, wanted, strict=True)
        if ({name: answer.get(name) for name in want} if isinstance(want, dict) else answer) != want
    ]


def test_decisions__golden_vectors__are_the_expected_ones(decider: Decider) -> None:
    assert differing_decisions(decider, vectors("decisions.json")["cases"]) == []


def test_chains__golden_vectors__go_on_as_expected(decider: Decider) -> None:
    assert differing_chains(decider, vectors("chains.json")["cases"]) == []


def test_edges__golden_vectors__are_decided_and_carried_on_as_expected(decider: Decider) -> None:
    found = vectors("edges.json")
    try:
        assert decider.ask(do="load", bundle=vectors(found["bundle"])) is True
        assert differing_decisions(decider, found["decisions"]) == []
        assert differing_chains(decider, found["chains"]) == []
    finally:
        decider.ask(do="load", bundle=vectors("bundle.json"))


def differing_decisions(decider: Decider, cases: list[dict[str, Any]]) -> list[Any]:
    asked = [{"do": "decide", "request": case["request"]} for case in cases]
    return differing(decider, cases, asked, [case["expect"] for case in cases])


def differing_chains(decider: Decider, cases: list[dict[str, Any]]) -> list[Any]:
    asked = []
    for case in cases:
        requirements = NO_REQUIREMENTS | case.get("requirements", {})
        decision = {
            "class_key": case["class"],
            "model": case["model"],
            "requirements": requirements,
        }
        runtime = {"open_breakers": [], "retry_allowed": True} | case.get("runtime", {})
        options = {"request_id": case.get("request_id", ""), "runtime": runtime}
        asked.append(
            {"do": "next", "decision": decision, "attempts": case["attempts"], "options": options}
        )
    return differing(decider, cases, asked, [case["expect"] for case in cases])


def test_displays__golden_vectors__list_the_targets(decider: Decider) -> None:
    cases = vectors("chains.json")["displays"]
    asked = [
        {
            "do": "display",
            "class_key": case["class"],
            "model": case["model"],
            "failure_kind": case["failure_kind"],
            "requirements": NO_REQUIREMENTS | case.get("requirements", {}),
        }
        for case in cases
    ]
    assert differing(decider, cases, asked, [case["targets"] for case in cases]) == []


def test_splits__golden_vectors__fall_as_expected(decider: Decider) -> None:
    found = vectors("splits.json")
    buckets, histories, waits = found["buckets"], found["histories"], found["waits"]
    asked = [{"do": "unit", "text": f"{case['salt']}:{case['key']}"} for case in buckets]
    assert differing(decider, buckets, asked, [case["bucket"] for case in buckets]) == []
    asked = [
        {"do": "dealt", "salt": case["salt"], "key": case["key"], "states": case["weights"]}
        for case in histories
    ]
    wanted: list[Any] = [{"holders": case["holders"], "order": case["order"]} for case in histories]
    assert differing(decider, histories, asked, wanted) == []
    orders = found["orders"]
    asked_orders: list[dict[str, Any]] = [
        {
            "do": "dealt",
            "salt": case["salt"],
            "key": case["key"],
            "states": [dict(case["candidates"])],
        }
        for case in orders
    ]
    wanted = [{"order": case["order"]} for case in orders]
    assert differing(decider, orders, asked_orders, wanted) == []
    asked = [{"do": "wait", **case} for case in waits]
    assert differing(decider, waits, asked, [case["wait_ms"] for case in waits]) == []


def test_canonical_form__golden_vectors__is_the_published_one(decider: Decider) -> None:
    found = vectors("canonical.json")
    texts, numbers = found["texts"], found["numbers"]
    asked = [{"do": "canonical", "text": case["text"]} for case in texts]
    wanted: list[Any] = [[case["canonical"], case["digest"]] for case in texts]
    assert differing(decider, texts, asked, wanted) == []
    asked = [{"do": "number", "ieee754": case["ieee754"]} for case in numbers]
    assert differing(decider, numbers, asked, [case["canonical"] for case in numbers]) == []
    for ieee754 in found["refused_numbers"]:
        assert "must be finite" in decider.ask(do="number", ieee754=ieee754)["error"]


@pytest.mark.parametrize("name", ["breakers.json", "budgets.json"])
def test_counts__golden_vectors__give_the_expected_runtime(decider: Decider, name: str) -> None:
    for case in vectors(name)["cases"]:
        runtimes = decider.ask(do="count", **case)
        for step, runtime in zip(case["steps"], runtimes, strict=True):
            told = {member: runtime[member] for member in step["expect"]}
            assert told == step["expect"], (case["name"], step)


def test_random_requests__chains_and_events__are_answered_as_the_engine_answers_them(
    decider: Decider,
) -> None:
    try:
        for seed in range(1_000_000, 1_000_012):
            told = compare(seed, 60, decider)
            differ = {what: told[what] for what in ("compiled", "decisions", "chains", "counts")}
            assert not any(differ.values()), (seed, differ)
    finally:
        decider.ask(do="load", bundle=vectors("bundle.json"))


@pytest.mark.parametrize(
    "place, changed",
    [
        ("/request_classification/rules", {"colour": {"near": "red"}}),
        ("/request_classification/rules", {"task": {"starts_with": "co"}}),
    ],
)
def test_load__an_operator_that_is_not_known__is_refused(
    decider: Decider, place: str, changed: dict[str, Any]
) -> None:
    bundle = json.loads(json.dumps(vectors("bundle.json")))
    bundle["request_classification"]["rules"][1]["when"] = changed
    assert place in decider.ask(do="load", bundle=bundle)["error"]


@pytest.mark.parametrize(
    "path",
    ["", "router_policy", "fallback_matrix", "fallback_matrix/limits", "catalogue/models/us-big"],
)
def test_load__a_member_that_is_not_known__is_refused(decider: Decider, path: str) -> None:
    bundle = json.loads(json.dumps(vectors("bundle.json")))
    at = bundle
    for part in filter(None, path.split("/")):
        at = at[part]
    at["newer"] = 1
    assert "/newer: is not known" in decider.ask(do="load", bundle=bundle)["error"]


def test_load__a_pattern_without_re2__is_refused(decider: Decider) -> None:
    answer = decider.ask(do="load", bundle=vectors("bundle.json"), plain=True)
    assert "needs RE2" in answer["error"]
