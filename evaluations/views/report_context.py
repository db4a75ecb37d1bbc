"""A finished report → what its page shows: texts, table rows and figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evaluations.figures import evaluation as figures
from evaluations.metrics.definitions import MEANINGS
from evaluations.replay import wording
from evaluations.replay.outcome import NANO
from evaluations.replay.regressions import review_facts
from policies.governance.evidence_facts import evidence_facts
from policies.templatetags.marks import axis_of
from policies.views.review.regressions import what_gets_worse

Rows = list[dict[str, Any]]
MATRIX = (
    "mean_quality", "route_accuracy", "under_routing_rate", "error_rate", "fallback_frequency",
    "latency_p95_ms", "mean_cost_usd",
)  # fmt: skip
DIRECTIONS = {
    "better": ("pass", "better"),
    "worse": ("fail", "worse"),
    "unclear": ("", "no clear change"),
    "same": ("", "no change"),
    "unknown": ("", "not recorded"),
}


def report_context(report: dict[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Everything the report's templates read; `labels` names classes by their keys."""
    overall = [row for row in report["metrics"] if row["class"] == "*"]
    return {
        "report": report,
        "reasons": report["reasons"],
        "worse": what_gets_worse(evidence_facts(review_facts(report)), None, labels),
        "is_first": report["first_release"],
        "effective_clusters": wording.rounded(report["support"]["effective_clusters"]),
        "gates": [_gate(gate) for gate in report["gates"]],
        "forests": [
            {"id": f"forest-{number}", "figure": figure}
            for number, figure in enumerate(figures.forests(report["gates"]), start=1)
        ],
        "metrics": [_metric(row) for row in overall],
        "matrix": class_matrix(report["metrics"], labels),
        "matrix_columns": [wording.label(name) for name in MATRIX],
        "plane": figures.plane(report["plane"]),
        "plane_rows": _plane_rows(report["plane"]),
        "flows": figures.flows(report["moves"]),
        "moves": [_move(move, report["counts"]["requests"]) for move in report["moves"]],
        "class_moves": _class_moves(report["classes"]["moves"]),
        "failures": _failures(report["sides"]),
        "unsupported": _unsupported(report["sides"]),
        "examples": {
            side: [_example(example) for example in examples]
            for side, examples in report["examples"].items()
        },
    }


def _gate(gate: dict[str, Any]) -> dict[str, Any]:
    metric, shown = gate["metric"], _scaled(gate)
    known = gate["low"] is not None and gate["high"] is not None
    axis = axis_of([(gate["low"], gate["high"])], gate["limit"]) if known else (0.0, 1.0)
    if known and gate["scale"] == "value":
        axis = _around(gate["low"], gate["high"], gate["limit"])
    return {
        **gate,
        "baseline_text": wording.amount(metric, gate["baseline"]),
        "candidate_text": wording.amount(metric, gate["candidate"]),
        "estimate_text": shown(gate["estimate"]),
        "interval_text": wording.between(shown(gate["low"]), shown(gate["high"])) if known else "",
        "limit_text": f"{OPS[gate['op']]} {shown(gate['limit'])}",
        "axis": axis,
    }


OPS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}


def _scaled(gate: dict[str, Any]) -> Any:
    if gate["scale"] == "relative":
        return lambda value: wording.share(value, signed=True)
    signed = gate["scale"] == "difference"
    return lambda value: wording.amount(gate["metric"], value, signed=signed)


def _around(*ends: float) -> tuple[float, float]:
    air = (max(ends) - min(ends)) * 0.06 or 1.0
    return min(ends) - air, max(ends) + air


def _metric(row: dict[str, Any]) -> dict[str, Any]:
    name, difference = row["metric"], row["difference"]
    tone, word = DIRECTIONS[row["direction"]]
    if row["direction"] == "unknown" and row["n"]:  # recorded, but no interval holds
        word = "too few to tell"
    interval = ""
    if difference is not None and difference["low"] is not None:
        low, high = (wording.amount(name, difference[end], signed=True) for end in ("low", "high"))
        interval = wording.between(low, high)
    return {
        **row,
        "label": wording.label(name),
        "meaning": MEANINGS[name],
        "tone": tone,
        "word": word,
        "baseline_text": wording.amount(name, row["baseline"]),
        "candidate_text": wording.amount(name, row["candidate"]),
        "difference_text": wording.amount(name, difference and difference["estimate"], signed=True),
        "relative_text": wording.share(
            row["relative"] and row["relative"]["estimate"], signed=True
        ),
        "interval_text": interval,
        "missing": row["requests"] - row["n"],
    }


def class_matrix(metrics: Iterable[dict[str, Any]], labels: Mapping[str, str]) -> Rows:
    """Class × metric: first what gets worse in most metrics, then the most quality × requests lost.

    `labels` names classes by their keys.
    """
    by_class: dict[str, dict[str, dict[str, Any]]] = {}
    for row in metrics:
        if row["class"] != "*" and row["metric"] in MATRIX:
            by_class.setdefault(row["class"], {})[row["metric"]] = _metric(row)
    rows = [
        {
            "class": key,
            "label": labels.get(key, key),
            "requests": next(iter(cells.values()))["requests"],
            "cells": [cells.get(name) for name in MATRIX],
            "worse": sum(cell["direction"] == "worse" for cell in cells.values()),
            "harm": _harm(cells.get("mean_quality")),
        }
        for key, cells in by_class.items()
    ]
    return sorted(
        rows, key=lambda row: (-row["worse"], -row["harm"], -row["requests"], row["class"])
    )


def _harm(cell: dict[str, Any] | None) -> float:
    if cell is None or cell["difference"] is None:
        return 0.0
    return float(-cell["difference"]["estimate"] * cell["n"])


def _plane_rows(plane: dict[str, Any]) -> Rows:
    named = figures.plane_points(plane)
    models = sorted(plane["models"], key=lambda m: -(m["quality"] or 0))
    for model in models:
        best = " (best single)" if model["model"] == plane["best_single"] else ""
        named.append({**model, "name": model["model"] + best})
    return [
        {
            "name": point["name"],
            "quality": wording.amount("mean_quality", point["quality"]),
            "cost": wording.amount("mean_cost_usd", point["cost"]),
        }
        for point in named
    ]


def _move(move: dict[str, Any], requests: int) -> dict[str, Any]:
    return {
        **move,
        "from_name": figures.model_name(move["from"]),
        "to_name": figures.model_name(move["to"]),
        "share": move["requests"] / requests if requests else None,
        "stays": move["from"] == move["to"],
        "quality": _change("mean_quality", move["quality_from"], move["quality_to"]),
        "cost": _change("mean_cost_usd", move["cost_from"], move["cost_to"]),
    }


def _change(metric: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return wording.amount(metric, None)
    return f"{wording.amount(metric, before)} → {wording.amount(metric, after)}"


def _class_moves(moves: dict[str, dict[str, int]]) -> Rows:
    """Requests that the candidate classifies differently."""
    rows = [
        {"from": before, "to": after, "requests": count}
        for before, targets in moves.items()
        for after, count in targets.items()
        if before != after
    ]
    return sorted(rows, key=lambda row: (-row["requests"], row["from"], row["to"]))


def _failures(sides: dict[str, Any]) -> Rows:
    """Failed attempts per model and kind, under either bundle."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for side in ("baseline", "candidate"):
        for model, kinds in sides[side]["failures"].items():
            for kind, count in kinds.items():
                counts.setdefault((model, kind), {"baseline": 0, "candidate": 0})[side] = count
    return [
        {"model": model, "kind": kind.replace("_", " "), **found}
        for (model, kind), found in sorted(counts.items())
    ]


def _unsupported(sides: dict[str, Any]) -> Rows:
    models = sorted(set(sides["baseline"]["unsupported"]) | set(sides["candidate"]["unsupported"]))
    return [
        {
            "model": model,
            "baseline": sides["baseline"]["unsupported"].get(model, 0),
            "candidate": sides["candidate"]["unsupported"].get(model, 0),
        }
        for model in models
    ]


def _example(example: dict[str, Any]) -> dict[str, Any]:
    return {
        **example,
        "quality_text": wording.amount("mean_quality", example["quality"] / NANO, signed=True),
        "cost_text": wording.amount("mean_cost_usd", example["cost"] / NANO, signed=True),
        "sides": [_side(name, example[name.lower()]) for name in ("Baseline", "Candidate")],
    }


def _side(name: str, outcome: dict[str, Any]) -> dict[str, Any]:
    latency = outcome["latency"]
    return {
        "name": name,
        "class": outcome["class"],
        "stops": [
            {"label": model, "why": kind.replace("_", " ") if kind else "", "excluded": bool(kind)}
            for model, kind in outcome["path"]
        ],
        "quality": wording.amount("mean_quality", _units(outcome["quality"], NANO)),
        "cost": wording.amount("mean_cost_usd", _units(outcome["cost"], NANO)),
        "latency": wording.amount("latency_p50_ms", _units(latency, 1000)),
        "error": outcome["error"],
    }


def _units(value: int | None, unit: int) -> float | None:
    return None if value is None else value / unit
