"""What a report says gets worse, worked out by hand from rows as a report holds them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evaluations.replay.regressions import review_facts

Ends = tuple[float, float, float]


def metric_row(
    metric: str, direction: str, ends: Ends | None, class_key: str = "*", **more: Any
) -> dict[str, Any]:
    difference = dict(zip(("low", "estimate", "high"), ends, strict=True)) if ends else None
    row = {"n": 100, "baseline": 0.9, "candidate": 0.8, "relative": None, **more}
    row |= {"metric": metric, "class": class_key}
    return {**row, "direction": direction, "difference": difference}


def report(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    sides: dict[str, Any] = {side: {"failures": {}} for side in ("baseline", "candidate")}
    counts = {"requests": 400, "unsupported": 0, "moved": 200, "rerouted": 180, "clusters": 90}
    return {"metrics": list(rows), "sides": sides, "counts": counts, **more}


def test_worse__of_any_metric_and_class__is_told_with_its_interval_gated_or_not() -> None:
    facts = review_facts(
        report(
            metric_row("mean_quality", "better", (0.001, 0.004, 0.007)),
            metric_row("mean_quality", "worse", (-0.06, -0.04, -0.02), "refund"),
            metric_row("route_accuracy", "unclear", (-0.02, -0.005, 0.01)),
            metric_row("route_accuracy", "unknown", None, "refund"),
        )
    )
    (row,) = facts["worse"]
    assert (row["label"], row["class"], row["layer"]) == ("Mean quality", "refund", "quality")
    assert (row["before"], row["after"]) == ("0.9000", "0.8000")
    assert (row["change"], row["interval"]) == ("−0.0400", "−0.0600 to −0.0200")
    assert (row["low"], row["estimate"], row["high"], row["n"]) == (-0.06, -0.04, -0.02, 100)
    assert facts["compared"] == 3


def test_worse__of_a_share__is_told_in_percentage_points() -> None:
    (row,) = review_facts(
        report(metric_row("under_routing_rate", "worse", (0.0017, 0.0033, 0.005)))
    )["worse"]
    assert row["change"] == "+0.330 pp"
    assert row["interval"] == "+0.170 to +0.500 pp"
    assert (row["before"], row["after"]) == ("90.00%", "80.00%")


def test_worse__quality_first__then_all_requests__then_the_class_that_loses_most() -> None:
    facts = review_facts(
        report(
            metric_row("mean_cost_usd", "worse", (0.1, 0.2, 0.3)),
            metric_row("latency_p95_ms", "worse", (10, 20, 30), "simple"),
            metric_row("mean_quality", "worse", (-0.2, -0.1, -0.05), "few", n=10),
            metric_row("mean_quality", "worse", (-0.05, -0.03, -0.01), "many", n=1000),
            metric_row("mean_quality", "worse", (-0.05, -0.03, -0.01)),
        )
    )
    assert [(row["metric"], row["class"]) for row in facts["worse"]] == [
        ("mean_quality", "*"),
        ("mean_quality", "many"),
        ("mean_quality", "few"),
        ("latency_p95_ms", "simple"),
        ("mean_cost_usd", "*"),
    ]


def test_in_short__has_a_figure_for_each_concern_even_where_nothing_is_recorded() -> None:
    facts = review_facts(
        report(
            metric_row("mean_quality", "unclear", (-0.01, 0, 0.01), baseline=0.912),
            metric_row("error_rate", "same", (0, 0, 0), baseline=0.0, candidate=0.0),
            metric_row(
                "mean_cost_usd", "better", (-0.002, -0.001, -0.0005), baseline=0.01,
                relative={"estimate": -0.1, "low": -0.2, "high": -0.05},
            ),
            metric_row("latency_p95_ms", "unknown", None, baseline=None, candidate=None),
        )
    )  # fmt: skip
    told = {figure["concern"]: figure for figure in facts["in_short"]}
    assert list(told) == ["quality", "reliability", "cost", "speed"]
    assert told["quality"]["before"] == "0.9120"
    assert told["reliability"]["direction"] == "same"
    assert (told["cost"]["before"], told["cost"]["relative"]) == ("$10.00", "−10.0%")
    assert told["cost"]["label"] == "Cost per 1,000 requests"
    assert told["cost"]["change"] == "−$1.00"
    assert (told["speed"]["after"], told["speed"]["interval"]) == ("–", "")


def test_failed_calls__of_all_models_and_kinds__are_added_up_for_each_side() -> None:
    sides = {
        "baseline": {"failures": {"mini": {"timeout": 9, "rate_limit": 7}}},
        "candidate": {"failures": {"mini": {"timeout": 3}, "flash": {"server_error": 25}}},
    }
    facts = review_facts(report(sides=sides))
    assert facts["failed_calls"] == {"baseline": 16, "candidate": 28}
    assert facts["support"]["moved"] == 200


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mean_quality", "error_rate", "latency_p50_ms", "mean_cost_usd"]),
            st.sampled_from(["*", "a", "b"]),
            st.sampled_from(["better", "worse", "same", "unclear"]),
        ),
        unique_by=lambda row: row[:2],
    )
)
def test_worse__whatever_else_is_there__is_exactly_what_the_report_calls_worse(
    rows: list[tuple[str, str, str]],
) -> None:
    given_rows = [metric_row(name, way, (1.0, 2.0, 3.0), key) for name, key, way in rows]
    facts = review_facts(report(*given_rows))
    found = {(row["metric"], row["class"]) for row in facts["worse"]}
    assert found == {(name, key) for name, key, way in rows if way == "worse"}
