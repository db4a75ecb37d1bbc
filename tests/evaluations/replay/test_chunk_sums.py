"""Chunks merge into the same bytes in any order, number and repetition."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.replay.chunk import Plan, evaluate_chunk
from evaluations.replay.merge import merge
from evaluations.replay.recorded import RecordedRequest, read_chunk
from tests.evaluations.bundles import NUMBER, TASK, classification, rule_bundle
from tests.evaluations.outcome_files import Loaded, load, report_of, row, write_jsonl

MODELS = ("small", "medium", "large")


def made_up_rows(seed: int, requests: int) -> list[dict[str, Any]]:
    """A messy dataset: conversations, failures, gaps, three classes, fractional qualities."""
    source = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for i in range(requests):
        about = {
            "task": source.choice(["chat", "code", "law"]),
            "prompt_tokens_est": source.randrange(1, 900),
            "conversation_id": f"c{source.randrange(requests // 2)}",
        }
        rows.extend(
            made_up_row(source, f"r{i:04d}", rank, about)
            for rank in range(len(MODELS))
            if source.random() > 0.02
        )
    return rows


def made_up_row(
    source: random.Random, request: str, rank: int, about: dict[str, Any]
) -> dict[str, Any]:
    failed = source.random() < 0.06
    cost = round(about["prompt_tokens_est"] * 1e-6 * 4**rank, 9)
    latency = round(source.expovariate(0.01), 3)
    return row(
        request,
        MODELS[rank],
        quality=None if failed else round(source.random() ** (2 - rank / 2), 6),
        cost_usd=None if source.random() < 0.03 else cost,
        latency_ms=None if source.random() < 0.03 else latency,
        error=source.choice(["429", "timeout", "boom"]) if failed else None,
        **about,
    )


@cache
def messy() -> Loaded:
    folder = Path(mkdtemp())
    return load(write_jsonl(folder / "messy.jsonl", made_up_rows(11, 400)), folder)


def plan() -> Plan:
    keys = ("chat", "code", "law")
    classes = classification(
        [TASK, NUMBER],
        classes=[{"key": k, "label": k, "risk": "low", "description": ""} for k in keys],
        rules=[{"id": k, "when": {"task": {"in": [k]}}, "class": k} for k in keys[1:]],
        default_class="chat",
    )
    on = ["rate_limit", "timeout", "server_error"]
    fallback: list[dict[str, Any]] = [{"model": "small", "on": on, "then": ["large"]},
                {"model": "*", "on": on, "retries": {"count": 1}, "then": ["medium"]}]  # fmt: skip
    gates = [
        {"id": name, "metric": name, "comparison": "non_inferiority", "margin": 0.05,
         "relative": relative, "min_samples": 50, "effect": "gate"}
        for name, relative in (("mean_quality", False), ("mean_cost_usd", True),
                               ("latency_p95_ms", True), ("error_rate", False))
    ]  # fmt: skip
    shared: dict[str, Any] = {"classes": classes, "models": MODELS, "thresholds": gates}
    baseline = rule_bundle("medium", **shared)
    candidate = rule_bundle(
        "small", [({"class": {"in": ["law"]}}, "large")], fallback=fallback, **shared
    )
    return messy().plan(baseline, candidate)


def chunked(count: int) -> dict[int, Any]:
    path = messy().stored.path
    return {i: evaluate_chunk(plan(), read_chunk(path, i, count)) for i in range(count)}


@cache
def whole_text() -> str:
    return report_of(plan(), {0: evaluate_chunk(plan(), messy().requests)}).text


def whole_report() -> dict[str, Any]:
    """The report of the messy dataset, as stored and read back."""
    body: dict[str, Any] = json.loads(whole_text())
    return body


@settings(max_examples=20)
@given(count=st.integers(1, 40), order=st.randoms(use_true_random=False))
def test_report__clusters_dealt_to_any_chunks_in_any_order__is_byte_identical(
    count: int, order: random.Random
) -> None:
    piles: dict[int, list[RecordedRequest]] = {index: [] for index in range(count)}
    home = {r.cluster: order.randrange(count) for r in messy().requests}
    for recorded in messy().requests:
        piles[home[recorded.cluster]].append(recorded)
    chunks = [(index, evaluate_chunk(plan(), pile)) for index, pile in piles.items()]
    order.shuffle(chunks)
    assert report_of(plan(), dict(chunks)).text == whole_text()


@pytest.mark.parametrize("count", [2, 9])
def test_report__chunks_read_from_the_file__is_byte_identical(count: int) -> None:
    assert report_of(plan(), chunked(count)).text == whole_text()


def test_report__a_chunk_delivered_twice__changes_nothing() -> None:
    chunks = chunked(5)
    again = {**chunks, **chunked(5)}
    assert report_of(plan(), again).digest == report_of(plan(), chunks).digest


def test_chunk__through_json_and_back__is_the_same() -> None:
    chunks = chunked(3)
    stored = {i: json.loads(json.dumps(c, sort_keys=True)) for i, c in chunks.items()}
    assert report_of(plan(), stored).text == whole_text()


def test_merge__of_nothing_but_one__is_that_one() -> None:
    one = evaluate_chunk(plan(), messy().requests)
    assert merge({0: one})["sums"] == one["sums"]


def test_report__a_messy_dataset__counts_what_it_leaves_out() -> None:
    body = json.loads(whole_text())
    assert body["counts"]["unsupported"] > 0
    cost = next(m for m in body["metrics"] if (m["metric"], m["class"]) == ("mean_cost_usd", "*"))
    assert 0 < cost["n"] < body["counts"]["requests"] - body["counts"]["unsupported"]
    assert body["verdict"] != "pass"


def test_report__sums_of_fractional_values__are_those_of_plain_addition() -> None:
    report = json.loads(whole_text())
    requests = {r.request_id: r for r in messy().requests}
    supported = [r for r in requests.values() if r.call("medium", 0) is not None]
    assert len(supported) <= report["counts"]["requests"]
    single = {m["model"]: m for m in report["plane"]["models"]}
    known = [c.quality for r in supported if (c := r.call("medium", 0)) and c.quality is not None]
    assert single["medium"]["n"] == len(known)
    assert single["medium"]["quality"] == round(sum(known) / len(known) / 1e9, 12)


def test_report__same_bundle_on_both_sides__differs_in_nothing() -> None:
    same = plan().candidate
    twice = messy().plan(same, same)
    body = report_of(twice, {0: evaluate_chunk(twice, messy().requests)}).body
    for found in body["metrics"]:
        if found["difference"] is not None:
            assert found["difference"]["estimate"] == 0
            assert found["direction"] in ("same", "unclear")
    assert body["examples"] == {"lost": [], "gained": []}
    assert body["counts"]["moved"] == 0
