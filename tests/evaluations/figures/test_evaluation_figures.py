"""Figures of the report: Plotly accepts them, and they show what the report says."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from evaluations.figures import evaluation as figures
from evaluations.views.report_context import report_context
from tests.evaluations.replay.test_chunk_sums import whole_report


def drawn(figure: dict[str, Any] | None) -> go.Figure:
    """The figure after Plotly's own validation; colour tokens stand for colours."""
    assert figure is not None
    return go.Figure(_plain(figure))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("--"):
        return "#888888"
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return whole_report()


def test_forest__every_gate_with_an_interval__has_a_line_a_point_and_a_limit(
    report: dict[str, Any],
) -> None:
    gates = [gate for gate in report["gates"] if gate["low"] is not None]
    figure = drawn(figures.forests(report["gates"])[0])
    assert len(figure.data) == 2 * len(gates)
    assert len(figure.layout.shapes) == 2 * len(gates)
    assert [a.text for a in figure.layout.annotations] == [
        f"{gate['label']}: {gate['verdict']}" for gate in gates
    ]


def test_forests__of_gates_without_an_interval__are_not_drawn() -> None:
    assert figures.forests([{"low": None, "high": None}]) == []


def test_forests__of_many_gates__hold_six_each(report: dict[str, Any]) -> None:
    gates = [gate for gate in report["gates"] if gate["low"] is not None] * 4
    drawn_gates = [len(figure["data"]) // 2 for figure in figures.forests(gates)]
    assert sum(drawn_gates) == len(gates)
    assert max(drawn_gates) == 6


def test_plane__of_a_partial_dataset__has_models_and_an_arrow(report: dict[str, Any]) -> None:
    figure = drawn(figures.plane(report["plane"]))
    assert [trace.name for trace in figure.data] == [
        "One model for everything", "Baseline", "Candidate"
    ]  # fmt: skip
    assert len(figure.layout.annotations) == 1


def test_plane__with_oracle_and_random__names_them() -> None:
    point = {"quality": 0.5, "cost": 0.01}
    plane: dict[str, Any] = dict.fromkeys(("baseline", "candidate", "random", "oracle"), point)
    names = [p["name"] for p in figures.plane_points(plane)]
    assert names == ["Baseline", "Candidate", "Random", "Oracle"]


def test_plane__without_any_cost__is_not_drawn() -> None:
    point = {"quality": 0.5, "cost": None}
    plane: dict[str, Any] = dict.fromkeys(("baseline", "candidate", "random", "oracle"), point)
    models = [{"model": "a", **point}]
    assert figures.plane({**plane, "models": models, "best_single": "a"}) is None


def test_flows__of_moves__carry_every_request(report: dict[str, Any]) -> None:
    figure = drawn(figures.flows(report["moves"]))
    assert sum(figure.data[0].link.value) == report["counts"]["requests"]


def test_flows__when_nobody_moves__is_not_drawn() -> None:
    assert figures.flows([{"from": "a", "to": "a", "requests": 3}]) is None


def test_report_context__by_class__puts_first_what_gets_worse(report: dict[str, Any]) -> None:
    """Worse in under-routing alone, which costs no mean quality, comes before what lost nothing."""
    rows = report_context(report, {"chat": "Small talk"})["matrix"]
    assert {row["label"] for row in rows} == {"Small talk", "code", "law"}
    order = [(row["worse"], row["harm"]) for row in rows]
    assert order == sorted(order, reverse=True)


def test_report_context__metric_worse_in_a_class_only__stands_under_the_verdict(
    report: dict[str, Any],
) -> None:
    rows = [{**row, "direction": "unclear"} for row in report["metrics"]]
    worse = next(row for row in rows if row["class"] == "law" and row["difference"])
    worse["direction"] = "worse"
    found = report_context({**report, "metrics": rows}, {"law": "Law"})["worse"]
    assert found.shown[0].scope == "Class Law"
    column = report_context({**report, "metrics": rows}, {})["matrix"][0]
    assert column["class"] == "law"


def test_report_context__differences_of_shares__are_in_percentage_points(
    report: dict[str, Any],
) -> None:
    shares = [
        gate for gate in report["gates"] if gate["unit"] == "share" and gate["low"] is not None
    ]
    assert shares
    gate = {**shares[0], "scale": "difference", "estimate": 0.012, "low": -0.01, "high": 0.034}
    gate |= {"limit": -0.02, "op": "gte"}
    [shown] = report_context({**report, "gates": [gate]}, {})["gates"]
    assert shown["estimate_text"] == "+1.2 pp"
    assert shown["interval_text"] == "−1 to +3.4 pp"
    assert shown["limit_text"] == "≥ −2 pp"
    figure = figures.forests([gate])[0]
    assert figure["layout"]["xaxis"]["ticksuffix"] == " pp"
    assert figure["data"][1]["x"] == [1.2]
