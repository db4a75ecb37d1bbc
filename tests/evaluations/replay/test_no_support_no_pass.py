"""A pass rests on requests that are treated differently, or on a proof that none is."""

from __future__ import annotations

from typing import Any

import pytest

from evaluations.replay.support import Support
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS
from policies.engine import Bundle
from tests.evaluations.bundles import TASK, always, rule_bundle
from tests.evaluations.outcome_files import held, row
from tests.evaluations.replay.test_gates import absolute, gate

QUALITY = gate("mean_quality", margin=0.02)
ROUTINE = [({"task": {"in": ["routine"]}}, "cheap")]


def requests(routine: int, other: int, per_conversation: int = 1) -> list[dict[str, Any]]:
    """Requests that a changed rule meets and others, each answered well by both models."""
    return [
        row(f"r{i}", model, task="routine" if i < routine else "legal",
            conversation_id=f"c{i // per_conversation}")
        for i in range(routine + other)
        for model in ("strong", "cheap")
    ]  # fmt: skip


def policy(rules: Any = (), **extra: Any) -> Bundle:
    return rule_bundle("strong", rules, attributes=[TASK], models=["cheap"], **extra)


def body_of(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The report of sending routine requests to the cheap model."""
    candidate = policy(ROUTINE, thresholds=[QUALITY])
    return held(rows).report(policy(), candidate, **more).body


def test_change_that_no_request_meets__is_inconclusive_and_names_the_rule() -> None:
    body = body_of(requests(0, 400))
    assert body["verdict"] == INCONCLUSIVE
    assert body["gates"][0]["verdict"] == INCONCLUSIVE
    assert body["support"]["moved"] == 0
    assert body["support"]["unreached"] == [
        {"pointer": "/router_policy/rules/0", "words": "rule “r0”"}
    ]
    assert body["reasons"][0].startswith("Too few requests are treated differently")
    assert any("rule “r0”" in reason for reason in body["reasons"])


@pytest.mark.parametrize(
    ("routine", "per_conversation", "verdict"),
    [(400, 1, PASS), (99, 1, INCONCLUSIVE), (400, 20, INCONCLUSIVE)],
)
def test_change_that_some_requests_meet__passes_with_enough_of_them_from_many_conversations(
    routine: int, per_conversation: int, verdict: str
) -> None:
    body = body_of(requests(routine, 2000, per_conversation))
    assert body["verdict"] == verdict
    assert body["support"]["moved"] == routine
    assert body["support"]["is_enough"] == (verdict == PASS)
    assert body["support"]["unreached"] == []


def test_support__of_one_large_conversation_and_many_small__counts_effective_ones() -> None:
    rows = requests(500, 500)
    for item in rows:
        if int(item["request_id"][1:]) < 150:
            item["conversation_id"] = "large"
    body = body_of(rows)
    # 350 of one request and one of 150: 500² / (350 + 150²)
    assert body["support"]["effective_clusters"] == pytest.approx(500**2 / (350 + 150**2))
    assert body["verdict"] == INCONCLUSIVE


def test_support__of_another_plan__is_what_that_plan_asks_for() -> None:
    body = body_of(requests(60, 2000), support=Support(moved=50, clusters=40))
    assert body["verdict"] == PASS
    assert body["support"]["minimum"] == {"moved": 50, "clusters": 40}


def test_limit_of_the_candidates_own__without_support__is_not_a_pass_of_the_whole() -> None:
    candidate = policy(ROUTINE, thresholds=[absolute("error_rate", 0.05)])
    body = held(requests(0, 400)).report(policy(), candidate).body
    assert (body["gates"][0]["verdict"], body["verdict"]) == (PASS, INCONCLUSIVE)


def test_regression__with_little_support__still_fails() -> None:
    rows = requests(90, 10)
    for item in rows:
        if item["model"] == "cheap":
            item["quality"] = 0.0
    body = body_of(rows)
    assert body["verdict"] == FAIL
    assert body["reasons"][0].startswith("Mean quality changes by")


def test_bundles_that_are_proved_alike__without_a_moved_request__pass() -> None:
    never = [({"task": {"in": ["legal"]}}, "strong")]
    candidate = policy(never, thresholds=[QUALITY])
    body = held(requests(0, 400)).report(policy(), candidate).body
    assert body["support"]["proved_alike"]
    assert body["verdict"] == PASS
    assert "proved to treat every request alike" in body["reasons"][0]


# --- A first release ---------------------------------------------------------------------
def test_first_release__with_comparisons_alone__is_no_pass_and_says_why() -> None:
    own = always("strong", thresholds=[QUALITY])
    body = held(requests(0, 400)).report(own, own, compares=False).body
    assert body["gates"][0]["verdict"] == "not_applicable"
    assert body["verdict"] == MISSING
    assert body["reasons"][0].startswith("First release: there is nothing to compare with")


@pytest.mark.parametrize(("limit", "verdict"), [(0.05, PASS), (0.0001, INCONCLUSIVE)])
def test_first_release__with_a_limit__is_judged_by_it(limit: float, verdict: str) -> None:
    gates = [QUALITY, {**absolute("error_rate", limit), "id": "errors"}]
    own = always("strong", thresholds=gates)
    body = held(requests(0, 400)).report(own, own, compares=False).body
    assert [g["verdict"] for g in body["gates"]] == ["not_applicable", verdict]
    assert body["verdict"] == verdict
    assert body["first_release"]
    assert "1 that compare do not apply" in body["reasons"][0]


# --- Floors and the thresholds of the release in force -------------------------------------
def test_gate_that_asks_for_next_to_nothing__is_judged_with_the_floors() -> None:
    asked = {**QUALITY, "confidence": 0.5, "min_samples": 1}
    candidate = policy(ROUTINE, thresholds=[asked])
    gates = held(requests(400, 10)).report(policy(), candidate).body["gates"]
    assert (gates[0]["confidence"], gates[0]["min_samples"]) == (0.9, 30)


def test_candidate_that_loosens_a_threshold__is_judged_by_the_old_one_too() -> None:
    rows = requests(1000, 0)
    for item in rows:
        if item["model"] == "cheap" and int(item["request_id"][1:]) % 20 == 0:
            item["quality"] = 0.0  # five points worse
    strict, loose = ({**QUALITY, "margin": margin} for margin in (0.02, 0.2))
    body = held(rows).report(policy(thresholds=[strict]), policy(ROUTINE, thresholds=[loose])).body
    assert body["verdict"] == FAIL
    judged = [(g["required_by"], g["verdict"]) for g in body["gates"]]
    assert judged == [("candidate", PASS), ("baseline", FAIL)]
    assert body["reasons"][0].startswith("Loosened: ")


def test_thresholds_changed_by_themselves__are_judged_by_the_new_ones() -> None:
    """Otherwise a limit that nothing can meet could never be corrected."""
    strict, loose = (absolute("mean_quality", value) for value in (1.5, 0.5))
    body = (
        held(requests(0, 400)).report(policy(thresholds=[strict]), policy(thresholds=[loose])).body
    )
    assert body["verdict"] == PASS
    assert body["loosened"]


def test_conversations__of_which_one_holds_nine_tenths__are_too_few_for_an_interval() -> None:
    rows = requests(1000, 0)
    for item in rows:
        if int(item["request_id"][1:]) < 900:
            item["conversation_id"] = "large"
    body = body_of(rows, support=Support(moved=1, clusters=1))
    assert body["gates"][0]["verdict"] == INCONCLUSIVE
    assert "independent conversations" in body["gates"][0]["reason"]
