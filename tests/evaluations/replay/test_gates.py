"""Thresholds become verdicts: three-valued, with reasons, and never passed on thin evidence."""

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import Any

import pytest
import scipy  # it reads a part of itself when that is first asked for

from evaluations.replay.report import Report
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS, Limit, worst
from evaluations.statistics.intervals import Interval
from tests.evaluations.bundles import TASK, always, classification, rule_bundle
from tests.evaluations.outcome_files import held, load, row, write_jsonl


def gate(metric: str, **extra: Any) -> dict[str, Any]:
    return {
        "id": "g", "metric": metric, "comparison": "non_inferiority", "margin": 0.05,
        "min_samples": 50, "effect": "gate", **extra,
    }  # fmt: skip


def absolute(metric: str, value: float, **extra: Any) -> dict[str, Any]:
    return gate(metric, comparison="absolute", margin=None, value=value, **extra)


def rows_of(n: int, *, old: float, new: float, seed: int = 1, **extra: Any) -> list[dict[str, Any]]:
    """n requests whose two models answer well with these probabilities."""
    source = random.Random(seed)
    return [
        row(f"r{i}", model, quality=float(source.random() < chance), **extra)
        for i in range(n)
        for model, chance in (("old", old), ("new", new))
    ]


def judged(tmp_path: Path, rows: list[dict[str, Any]], *gates: dict[str, Any]) -> Report:
    loaded = load(write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path)
    return loaded.report(always("old"), always("new", thresholds=gates))


def only(report: Report) -> dict[str, Any]:
    first: dict[str, Any] = report.body["gates"][0]
    return first


@pytest.mark.parametrize(
    ("op", "value", "verdict"),
    [
        ("gte", 1.0, PASS), ("gte", 1.5, INCONCLUSIVE), ("gte", 2.1, FAIL),
        ("gt", 1.0, INCONCLUSIVE), ("gt", 2.0, FAIL),
        ("lte", 2.0, PASS), ("lte", 1.5, INCONCLUSIVE), ("lte", 0.9, FAIL),
        ("lt", 2.0, INCONCLUSIVE), ("lt", 1.0, FAIL),
    ],
)  # fmt: skip
def test_limit__interval_from_one_to_two__is_three_valued(
    op: str, value: float, verdict: str
) -> None:
    assert Limit(op, value).verdict(Interval(1.5, 0.25, 1.0, 2.0)) == verdict


def test_worst__of_many__is_fail_then_missing_then_inconclusive() -> None:
    assert worst([PASS, INCONCLUSIVE, MISSING, FAIL]) == FAIL
    assert worst([PASS, INCONCLUSIVE, MISSING]) == MISSING
    assert worst([PASS, INCONCLUSIVE]) == INCONCLUSIVE
    assert worst([PASS]) == PASS
    assert worst([]) == MISSING


@pytest.mark.parametrize(("new", "verdict"), [(0.85, PASS), (0.76, INCONCLUSIVE), (0.4, FAIL)])
def test_gate__quality_against_a_margin__passes_fails_or_stays_open(
    tmp_path: Path, new: float, verdict: str
) -> None:
    report = judged(tmp_path, rows_of(400, old=0.8, new=new), gate("mean_quality"))
    assert report.body["verdict"] == verdict
    assert only(report)["limit"] == -0.05


def test_gate__inconclusive__says_how_many_requests_would_resolve_it(tmp_path: Path) -> None:
    found = only(judged(tmp_path, rows_of(400, old=0.8, new=0.76), gate("mean_quality")))
    assert found["needed"] > 400
    assert "requests like these would show a pass in 80% of cases" in found["reason"]


def test_gate__fewer_requests_than_asked__is_inconclusive(tmp_path: Path) -> None:
    found = only(
        judged(tmp_path, rows_of(90, old=0.1, new=0.9), gate("mean_quality", min_samples=200))
    )
    assert found["verdict"] == INCONCLUSIVE
    assert found["needed"] == 200


def test_gate__few_conversations__is_inconclusive(tmp_path: Path) -> None:
    rows = rows_of(400, old=0.1, new=0.9)
    for index, item in enumerate(rows):
        item["conversation_id"] = f"c{index // 2 % 20}"
    found = only(judged(tmp_path, rows, gate("mean_quality")))
    assert found["verdict"] == INCONCLUSIVE
    assert "20 independent conversations" in found["reason"]


def test_gate__a_metric_never_recorded__is_missing(tmp_path: Path) -> None:
    rows = rows_of(100, old=0.5, new=0.5, cost_usd=None)
    report = judged(tmp_path, rows, gate("mean_cost_usd"))
    assert report.body["verdict"] == MISSING


def test_gate__a_metric_no_replay_can_measure__is_missing(tmp_path: Path) -> None:
    report = judged(tmp_path, rows_of(60, old=0.5, new=0.5), absolute("lead_time_hours", 24))
    assert only(report)["verdict"] == MISSING
    assert "cannot be measured" in only(report)["reason"]


def test_gate__no_threshold_is_a_gate__is_missing(tmp_path: Path) -> None:
    report = judged(tmp_path, rows_of(60, old=0.5, new=0.5), gate("mean_quality", effect="alarm"))
    assert report.body["verdict"] == MISSING
    assert "no threshold with the effect" in report.body["reasons"][0]


@pytest.mark.parametrize(("dearer", "verdict"), [(1.01, PASS), (1.2, FAIL)])
def test_gate__relative_cost_margin__is_a_share_of_the_baseline(
    tmp_path: Path, dearer: float, verdict: str
) -> None:
    source = random.Random(4)
    rows = []
    for i in range(300):
        cost = source.uniform(0.001, 0.01)
        rows.append(row(f"r{i}", "old", cost_usd=round(cost, 9)))
        rows.append(row(f"r{i}", "new", cost_usd=round(cost * dearer, 9)))
    report = judged(tmp_path, rows, gate("mean_cost_usd", margin=0.05, relative=True))
    found = only(report)
    assert (found["verdict"], found["scale"]) == (verdict, "relative")
    assert found["estimate"] == pytest.approx(dearer - 1, abs=1e-4)


@pytest.mark.parametrize(("slower", "verdict"), [(1.0, PASS), (1.5, FAIL)])
def test_gate__p95_latency__is_judged_on_order_statistics(
    tmp_path: Path, slower: float, verdict: str
) -> None:
    source = random.Random(5)
    rows = []
    for i in range(900):
        latency = source.uniform(100, 200)
        rows.append(row(f"r{i}", "old", latency_ms=round(latency, 3)))
        rows.append(row(f"r{i}", "new", latency_ms=round(latency * slower, 3)))
    report = judged(tmp_path, rows, gate("latency_p95_ms", margin=0.1, relative=True))
    assert only(report)["verdict"] == verdict


def test_gate__p99_of_few_requests__asks_for_more(tmp_path: Path) -> None:
    rows = rows_of(200, old=0.5, new=0.5)
    found = only(judged(tmp_path, rows, absolute("latency_p99_ms", 1000)))
    assert (found["verdict"], found["needed"]) == (INCONCLUSIVE, 368)


@pytest.mark.parametrize(("limit", "verdict"), [(0.05, PASS), (0.001, INCONCLUSIVE)])
def test_gate__no_error_at_all__passes_only_what_the_sample_can_show(
    tmp_path: Path, limit: float, verdict: str
) -> None:
    rows = rows_of(300, old=0.5, new=0.5)
    assert only(judged(tmp_path, rows, absolute("error_rate", limit)))["verdict"] == verdict


def test_gate__an_improvement_is_asked_for__needs_the_whole_interval_above_it(
    tmp_path: Path,
) -> None:
    asked = gate("mean_quality", comparison="vs_baseline", op="gte", margin=0.1)
    better = only(judged(tmp_path, rows_of(600, old=0.5, new=0.75), asked))
    assert (better["verdict"], better["limit"]) == (PASS, 0.1)
    same = only(judged(tmp_path, rows_of(600, old=0.5, new=0.5, seed=8), asked))
    assert same["verdict"] == FAIL


def test_gate__of_one_class__looks_at_the_baselines_class_only(tmp_path: Path) -> None:
    rows = rows_of(200, old=0.9, new=0.9, task="chat")
    rows += [
        {**r, "request_id": f"x{r['request_id']}"}
        for r in rows_of(200, old=0.9, new=0.1, seed=2, task="law")
    ]
    classes = classification(
        [TASK],
        classes=[{"key": k, "label": k, "risk": "low", "description": ""} for k in ("chat", "law")],
        rules=[{"id": "law", "when": {"task": {"in": ["law"]}}, "class": "law"}],
        default_class="chat",
    )
    gates = [gate("mean_quality", **{"id": k, "class": k}, margin=0.2) for k in ("chat", "law")]
    loaded = load(write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path)
    report = loaded.report(
        rule_bundle("old", classes=classes), rule_bundle("new", classes=classes, thresholds=gates)
    )
    assert [g["verdict"] for g in report.body["gates"]] == [PASS, FAIL]
    assert [g["n"] for g in report.body["gates"]] == [200, 200]


def test_gate__no_request_treated_differently__passes_no_margin_of_zero(tmp_path: Path) -> None:
    loaded = load(write_jsonl(tmp_path / "rows.jsonl", rows_of(100, old=0.5, new=0.5)), tmp_path)
    names = ("mean_quality", "error_rate", "route_accuracy")
    gates = [gate(name, id=name.replace("_", "-"), margin=0) for name in names]
    rare = [({"task": {"in": ["never recorded"]}}, "old")]
    report = loaded.report(
        rule_bundle("new", attributes=[TASK], models=["old"]),
        rule_bundle("new", rare, attributes=[TASK], thresholds=gates),
    )
    assert [g["verdict"] for g in report.body["gates"]] == [INCONCLUSIVE] * 3


def test_gate__of_bundles_that_are_proved_alike__passes_a_margin_of_zero(tmp_path: Path) -> None:
    loaded = load(write_jsonl(tmp_path / "rows.jsonl", rows_of(100, old=0.5, new=0.5)), tmp_path)
    names = ("mean_quality", "mean_cost_usd", "latency_p95_ms", "provider_concentration")
    gates = [gate(name, id=name.replace("_", "-"), margin=0) for name in names]
    same = always("new", thresholds=gates)
    assert loaded.report(same, same).body["verdict"] == PASS


def costs_of(n: int, *, times: int, every: int) -> list[dict[str, Any]]:
    """The new model costs as much as the old one, but so many times of it now and then."""
    return [
        row(f"r{i}", model, cost_usd=0.001 * (times if model == "new" and i % every == 0 else 1))
        for i in range(n)
        for model in ("old", "new")
    ]


@pytest.mark.parametrize(("n", "verdict"), [(250, INCONCLUSIVE), (1000, FAIL)])
def test_gate__costs_carried_by_few_requests__needs_three_hundred_of_them(
    tmp_path: Path, n: int, verdict: str
) -> None:
    rows = costs_of(n, times=60, every=20)
    found = only(judged(tmp_path, rows, gate("mean_cost_usd", margin=0.02, relative=True)))
    assert found["verdict"] == verdict
    if verdict == INCONCLUSIVE:
        assert found["reason"] == (
            "Cost per request: costs need 300 requests, since a sample this small (250) may hold "
            "none of the rare dear ones."
        )
        assert found["needed"] == 300


@pytest.mark.parametrize(
    ("asked", "unit"),
    [
        (gate("mean_cost_usd", margin=0.001), 1),
        (gate("mean_cost_usd", margin=0.001, relative=True), 0.001),
        (absolute("mean_cost_usd", 0.001), 1),
    ],
    ids=["difference", "relative", "alone"],
)
def test_gate__costs_carried_by_few_requests__reach_further_up_than_t(
    asked: dict[str, Any], unit: float
) -> None:
    rows = costs_of(1000, times=60, every=50)
    found = only(held(rows).report(always("old"), always("new", thresholds=[asked])))
    new = [item["cost_usd"] for item in rows if item["model"] == "new"]
    half = scipy.stats.t.ppf(0.975, 999) * statistics.stdev(new) / 1000**0.5 / unit
    assert found["high"] - found["estimate"] > 1.2 * half


@pytest.mark.parametrize("margin", [0, 0.005])
def test_gate__quality_of_200_pairs_that_are_always_right__shows_no_half_point(
    margin: float,
) -> None:
    names = ("mean_quality", "route_accuracy")
    gates = [gate(name, id=name.replace("_", "-"), margin=margin) for name in names]
    report = held(rows_of(200, old=1, new=1)).report(always("old"), always("new", thresholds=gates))
    assert [found["verdict"] for found in report.body["gates"]] == [INCONCLUSIVE] * 2
    assert [found["low"] for found in report.body["gates"]] == pytest.approx([-0.018845] * 2, 1e-4)


def test_gate__costs_of_few_conversations__needs_three_hundred_of_them(tmp_path: Path) -> None:
    rows = rows_of(1000, old=1, new=1)
    for index, item in enumerate(rows):
        item["conversation_id"] = f"c{index // 8}"
    found = only(judged(tmp_path, rows, gate("mean_cost_usd", margin=0.5, relative=True)))
    assert found["verdict"] == INCONCLUSIVE
    assert "costs need 300 independent conversations" in found["reason"]
    assert "(250)" in found["reason"]
    assert found["needed"] is None


@pytest.mark.parametrize(
    ("metric", "comparison"),
    [
        ("amplification", "absolute"), ("amplification", "difference"),
        ("amplification", "relative"), ("fallback_depth", "absolute"),
        ("fallback_depth", "difference"),
    ],
)  # fmt: skip
def test_gate__no_request_retried__passes_only_what_the_sample_can_show(
    metric: str, comparison: str
) -> None:
    """Of 200 requests 3.7 that are retried three times would be missing in one sample of 40."""
    loaded = held(rows_of(200, old=1, new=1))
    now = 1 if metric == "amplification" else 0
    verdicts = []
    for beyond in (0.9 * 3 * 3.69 / 200, 2 * 3 * 3.69 / 200):
        asked = gate(metric, margin=beyond, relative=comparison == "relative")
        if comparison == "absolute":
            asked = absolute(metric, now + beyond)
        report = loaded.report(always("old"), always("new", thresholds=[asked]))
        verdicts.append(only(report)["verdict"])
    assert verdicts == [INCONCLUSIVE, PASS]


def test_gate__quality_with_no_request_lost__passes_only_what_the_sample_can_show(
    tmp_path: Path,
) -> None:
    # Of 200 alike the score interval ends at -1.88 points, and at -0.76 of 500.
    few = judged(tmp_path, rows_of(200, old=1, new=1), gate("mean_quality", margin=0.01))
    assert only(few)["verdict"] == INCONCLUSIVE
    assert only(few)["low"] == pytest.approx(-0.018845, abs=1e-6)
    more = judged(tmp_path, rows_of(500, old=1, new=1), gate("mean_quality", margin=0.01))
    assert only(more)["verdict"] == PASS


def test_gate__a_class_that_holds_errors_in_one_conversation__is_not_sure_of_them(
    tmp_path: Path,
) -> None:
    rows = rows_of(600, old=1, new=1)
    for index, item in enumerate(rows):
        item["conversation_id"] = f"c{index // 20}"
        if item["model"] == "new" and index // 20 == 7:
            item["error"] = "timeout"
    found = only(judged(tmp_path, rows, gate("error_rate", margin=0.05)))
    assert found["verdict"] == INCONCLUSIVE
    # One of 60 conversations: Tango's interval of 1 in 60 reaches to 8.9 points.
    assert found["high"] == pytest.approx(0.0886, abs=0.002)
