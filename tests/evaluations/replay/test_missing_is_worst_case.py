"""What is not known is put to the candidate's disadvantage: a gate has to hold in that case too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.replay.bounds import Most, assumption
from evaluations.replay.outcome import MEANS, NANO, Outcome
from evaluations.replay.prices import Ceilings
from evaluations.replay.report import Report
from evaluations.replay.walk import Conditions, replay
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS
from policies.engine import METRICS, Bundle, parse_bundle
from tests.evaluations.bundles import NUMBER, always, rule_bundle
from tests.evaluations.outcome_files import held, row
from tests.evaluations.replay.test_gates import absolute, gate, only, rows_of
from tests.evaluations.replay.test_replay import call, recorded


def judged(rows: list[dict[str, Any]], *gates: dict[str, Any], **more: Any) -> Report:
    loaded = held(rows)
    return loaded.report(always("old"), always("new", thresholds=gates), **more)


def changed(rows: list[dict[str, Any]], model: str, every: int, **values: Any) -> None:
    """Give some calls of a model other values, in place."""
    for item in rows:
        if item["model"] == model and int(item["request_id"][1:]) % every == 0:
            item.update(values)


def all_right(n: int = 1000) -> list[dict[str, Any]]:
    return rows_of(n, old=1.0, new=1.0)


def test_chains_that_end_in_failure__whatever_was_graded__have_no_quality() -> None:
    rows = all_right(400)
    changed(rows, "new", 1, latency_ms=5000.0)
    gates = [gate(name, id=name.replace("_", "-"), margin=0.01)
             for name in ("mean_quality", "route_accuracy")]  # fmt: skip
    report = judged(rows, *gates, timeouts={"*": 2_000_000})
    assert report.body["verdict"] == FAIL
    assert [g["candidate"] for g in report.body["gates"]] == [0, 0]


def test_answers_that_all_come_too_late__are_worth_nothing_and_fail() -> None:
    """A thousand requests, all right under both models, of which the new one takes five seconds."""
    rows = all_right()
    for item in rows:
        item["latency_ms"] = 100.0 if item["model"] == "old" else 5000.0
    names = ("mean_quality", "route_accuracy", "error_rate")
    gates = [gate(name, id=name.replace("_", "-"), margin=0.01) for name in names]
    report = judged(rows, *gates, timeouts={"*": 2_000_000})
    assert [found["candidate"] for found in report.body["gates"]] == [0, 0, 1]
    assert [found["verdict"] for found in report.body["gates"]] == [FAIL] * 3


def test_quality_missing_for_a_twentieth__of_the_candidate__does_not_pass_a_small_margin() -> None:
    rows = all_right()
    changed(rows, "new", 21, quality=None)  # 48 of 1,000: a loss of 4.8 points at worst
    found = only(judged(rows, gate("mean_quality", margin=0.02)))
    assert found["verdict"] == INCONCLUSIVE
    assert found["unknown"] == 48
    assert found["worst_low"] < -0.048
    assert "48 requests have no known value" in found["reason"]


def test_quality_missing_for_few__of_a_wide_margin__passes_and_says_what_it_took() -> None:
    rows = all_right()
    changed(rows, "new", 100, quality=None)  # 1 point of 8
    found = only(judged(rows, gate("mean_quality", margin=0.08)))
    assert found["verdict"] == PASS
    assert found["unknown_costs"] == pytest.approx(0.01, abs=0.01)
    assert "of the margin" in found["reason"]
    assert "holds in any case" in found["reason"]


def test_quality_missing__of_the_baseline__counts_as_perfect() -> None:
    rows = rows_of(1000, old=0.0, new=0.0)
    changed(rows, "old", 20, quality=None)
    found = only(judged(rows, gate("mean_quality", margin=0.04)))
    assert found["verdict"] == INCONCLUSIVE
    assert found["worst_low"] < -0.05


def test_quality_missing__of_the_same_calls_on_both_sides__costs_nothing() -> None:
    rows = rows_of(1000, old=0.9, new=0.9)
    changed(rows, "new", 2, quality=None)
    loaded = held(rows)
    same = always("new", thresholds=[gate("mean_quality", margin=0.01)], models=["old"])
    rows_of_new = [{"model": "new", "on": ["timeout"], "then": ["old"]}]
    other = always("new", fallback=rows_of_new, models=["old"])
    body = loaded.report(other, same).body
    found = body["gates"][0]
    assert found["unknown"] == 500
    # As wide as where all are known and none differs: Tango's interval of (0, 0, 1000).
    assert found["worst_low"] == pytest.approx(-0.003827, abs=1e-6)


@pytest.mark.parametrize("metric", ["latency_p95_ms", "latency_p99_ms"])
def test_latency__of_calls_that_hang_and_fail__takes_the_top_rank(metric: str) -> None:
    rows = all_right(2000)
    changed(rows, "new", 17, latency_ms=None, error="timeout")  # 5.9 % never come back
    gates = [gate(metric, margin=0.1, relative=True), absolute(metric, 1600)]
    report = judged(rows, *[{**g, "id": f"g{i}"} for i, g in enumerate(gates)])
    for found in report.body["gates"]:
        assert found["verdict"] == INCONCLUSIVE
        assert "at worst nothing bounds it" in found["reason"]


@pytest.mark.parametrize("metric", ["latency_p95_ms", "latency_p99_ms"])
def test_latency__of_fewer_than_a_twentieth_that_hang__is_not_left_out(metric: str) -> None:
    """4.8 % of the new model's calls end in an error without a latency, the rest take as long."""
    rows = all_right()
    for item in rows:
        item["latency_ms"] = 100.0 + int(item["request_id"][1:]) % 97
    changed(rows, "new", 21, latency_ms=None, error="timeout")  # 48 of 1,000
    gates = [gate(metric, margin=0.1, relative=True), absolute(metric, 220)]
    report = judged(rows, *[{**g, "id": f"g{i}"} for i, g in enumerate(gates)])
    assert PASS not in [found["verdict"] for found in report.body["gates"]]
    assert [found["unknown"] for found in report.body["gates"]] == [48, 48]


def test_requests_to_a_model_never_recorded__count_as_the_worst_they_can_be() -> None:
    rows = [r for r in all_right() if r["model"] == "old" or int(r["request_id"][1:]) % 100]
    names = ("mean_quality", "route_accuracy", "error_rate", "amplification")
    gates = [gate(name, id=name.replace("_", "-"), margin=0.005) for name in names]
    report = judged(rows, *gates)
    assert PASS not in [g["verdict"] for g in report.body["gates"]]
    assert [g["unknown"] for g in report.body["gates"]] == [10] * 4


def test_cost_missing__of_the_candidate__counts_as_the_dearest_call() -> None:
    rows = all_right()
    changed(rows, "old", 500, cost_usd=0.01)
    changed(rows, "new", 50, cost_usd=None)  # 2 % at ten times the mean: 18 % more
    found = only(judged(rows, gate("mean_cost_usd", margin=0.1, relative=True)))
    assert found["verdict"] == INCONCLUSIVE
    assert found["worst_high"] > 0.17


def at_price(bundle: Bundle, model: str, **prices: Any) -> Bundle:
    """The bundle with another catalogue entry of one model."""
    raw: Any = bundle.to_json()
    raw["catalogue"]["models"][model].update(prices)
    return parse_bundle(raw)


def unrecorded(gate_: dict[str, Any], tokens: tuple[int, int] | None, **prices: Any) -> Any:
    """The one gate where 1 % of requests go to a model that nobody recorded.

    Recorded calls cost $0.001 for 10 tokens in and 20 out, at list prices of $1 per million.
    """
    rows = all_right()
    for item in rows:
        item["prompt_tokens_est"] = 900 if int(item["request_id"][1:]) % 100 == 0 else 10
    loaded = held(rows)
    object.__setattr__(loaded, "tokens", tokens)
    rules = [({"prompt_tokens_est": {"gt": 100}}, "elsewhere")]
    candidate = rule_bundle(
        "new", rules, attributes=[NUMBER], thresholds=[gate_], models=["old"],
        limits={"max_attempts": 1},
    )  # fmt: skip
    candidate = at_price(candidate, "elsewhere", **prices)
    return only(loaded.report(always("old", models=["new"]), candidate))


DEARER = gate("mean_cost_usd", margin=0.5, relative=True)


def test_model_never_recorded__at_a_list_price__costs_that_for_the_most_tokens() -> None:
    # 30,000 tokens at $10 per million: $0.3 on 1 % of requests is three times what is spent now.
    found = unrecorded(DEARER, (10_000, 20_000), input_usd_per_mtok=10.0, output_usd_per_mtok=10.0)
    assert found["verdict"] == INCONCLUSIVE
    assert found["worst_high"] > 2.9


def test_model_never_recorded__with_a_dearer_tier__costs_the_dearest() -> None:
    tier = {"above_input_tokens": 5, "input_usd_per_mtok": 10.0, "output_usd_per_mtok": 10.0}
    found = unrecorded(DEARER, (10_000, 20_000), price_tiers=[tier])
    assert found["worst_high"] > 2.9


def test_model_never_recorded__without_recorded_tokens__costs_as_its_price_is_to_others() -> None:
    # 300 times the list price of models whose dearest call cost $0.001.
    found = unrecorded(DEARER, None, input_usd_per_mtok=300.0, output_usd_per_mtok=300.0)
    assert found["verdict"] == INCONCLUSIVE
    assert found["worst_high"] > 2.9


@pytest.mark.parametrize("tokens", [(100, 200), None])
def test_model_never_recorded__no_dearer_than_the_others__passes(
    tokens: tuple[int, int] | None,
) -> None:
    assert unrecorded(DEARER, tokens)["verdict"] == PASS


def test_model_never_recorded__without_a_price__is_bounded_by_nothing() -> None:
    found = unrecorded(DEARER, (10, 20), input_usd_per_mtok=None, output_usd_per_mtok=None)
    assert found["verdict"] == INCONCLUSIVE
    assert "nothing says what they cost there: elsewhere." in found["reason"]


def test_model_never_recorded__that_no_request_reaches__costs_nothing() -> None:
    loaded = held(all_right())
    row_of_new = {"model": "new", "on": ["timeout"], "then": ["elsewhere"]}
    candidate = always("new", fallback=[row_of_new], models=["elsewhere"], thresholds=[DEARER])
    candidate = at_price(candidate, "elsewhere", input_usd_per_mtok=None)
    assert only(loaded.report(always("old", models=["new"]), candidate))["verdict"] == PASS


def test_concentration__of_requests_at_nobody_knows_which_provider__may_be_all_at_one() -> None:
    rows = [r for r in all_right() if r["model"] == "old" or int(r["request_id"][1:]) % 20]
    found = only(judged(rows, gate("provider_concentration", margin=0.05)))
    assert (found["unknown"], found["verdict"]) == (50, INCONCLUSIVE)


def test_relative_saving__where_many_unmoved_costs_are_unknown__is_not_known() -> None:
    """Half of the requests keep their model, whose cost nobody recorded."""
    rows = []
    for i in range(1000):
        tokens = 10 if i % 2 else 900
        for model, cost in (("old", 0.002), ("new", 0.001), ("kept", None)):
            rows.append(row(f"r{i}", model, cost_usd=cost, prompt_tokens_est=tokens))
    kept = [({"prompt_tokens_est": {"lt": 100}}, "kept")]
    asked = gate("mean_cost_usd", comparison="vs_baseline", op="lte", margin=-0.3, relative=True)
    loaded = held(rows)
    report = loaded.report(
        rule_bundle("old", kept, attributes=[NUMBER]),
        rule_bundle("new", kept, attributes=[NUMBER], thresholds=[asked]),
    )
    assert only(report)["verdict"] == INCONCLUSIVE
    assert "what the improvement is a share of" in only(report)["reason"]


def test_saving_of_costs_that_are_all_zero__is_not_defined() -> None:
    rows = rows_of(2000, old=1.0, new=1.0, cost_usd=0.0)
    asked = gate("mean_cost_usd", comparison="vs_baseline", op="lte", margin=-0.1, relative=True)
    found = only(judged(rows, asked))
    assert found["verdict"] == INCONCLUSIVE
    assert "a share of nothing is not defined" in found["reason"]


def test_models__of_which_the_dataset_records_none__are_the_cause_in_one_sentence() -> None:
    loaded = held(all_right(60))
    gates = [gate(name, id=name.replace("_", "-")) for name in ("mean_quality", "mean_cost_usd")]
    report = loaded.report(always("old"), always("elsewhere", thresholds=gates)).body
    assert report["verdict"] == MISSING
    assert report["reasons"][0] == (
        "The one model of the candidate is not among the 2 that the dataset records, so nothing "
        "can be compared."
    )
    assert sum("dataset records" in reason for reason in report["reasons"]) == 1


# --- Any one request ---------------------------------------------------------------------
maybe = st.one_of(st.none(), st.sampled_from([0.0, 0.4, 1.0]))
costs = st.one_of(st.none(), st.integers(0, 900))
calls = st.builds(
    lambda quality, cost, error: call(quality, cost, 1000, error),
    maybe, costs, st.sampled_from([None, None, "timeout"]),
)  # fmt: skip
MOST = Most(Ceilings(recorded=1000, anywhere=1000), attempts=4)


BACKED = always("a", fallback=[{"model": "a", "on": ["timeout"], "then": ["b"]}], models=["b"])


def outcome_of(first: Any, fallback: Any) -> Outcome:
    rows = {"a": first, **({"b": fallback} if fallback else {})}
    return replay(BACKED, recorded(rows), Conditions(yardstick=("a", "b")))


@given(calls, st.one_of(st.none(), calls), calls, st.one_of(st.none(), calls), calls, calls)
def test_assumption__of_any_request__is_no_better_than_what_may_have_been(
    a: Any, b: Any, c: Any, d: Any, e: Any, f: Any
) -> None:
    """Whatever the unknown calls were, candidate less baseline is no worse than assumed."""
    before, after = outcome_of(a, b), outcome_of(c, d)
    found = assumption(before, after, MOST)
    if before.path == after.path:
        return  # what is unknown is then the same on both sides, which other tests look at
    was, now = (outcome_of(filled(x, e), filled(y or f, f)) for x, y in ((a, b), (c, d)))
    priced = all(one is None or one.cost is not None for one in (a, b, c, d))
    sides = zip(
        MEANS, found.baseline.values, found.candidate.values, was.values, now.values, strict=True
    )
    for name, least_b, least_c, b_was, c_was in sides:
        if b_was is None or c_was is None:
            continue
        if name == "under_routing_rate" and not priced:
            continue  # by definition: an adequate model without a cost counts as the dearer one
        sign = 1 if METRICS[name].better == "higher" else -1
        assert sign * (least_c - least_b) <= sign * (c_was - b_was), name


def filled(seen: Any, other: Any) -> Any:
    """A call with its unknown values made up; a failed one without a cost was free."""
    quality = other.quality if seen.quality is None else seen.quality
    cost = other.cost if seen.cost is None and seen.error is None else seen.cost
    return call(None if quality is None else quality / NANO, cost, seen.latency, seen.error)
