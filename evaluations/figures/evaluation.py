"""Plotly figures of an evaluation's report: plain dicts, colours by token name.

Pure functions of the report; every figure has a table beside it on the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

Figure = dict[str, Any]
TONES = {"pass": "--pass", "fail": "--fail", "inconclusive": "--inconclusive"}
MOST_FLOWS = 24
GATES_PER_FIGURE = 6


def forests(gates: Sequence[dict[str, Any]]) -> list[Figure]:
    """Forest plots of the gates that have an interval, a few gates each so that all can be read."""
    drawn = [
        _in_points(gate) for gate in gates if gate["low"] is not None and gate["high"] is not None
    ]
    starts = range(0, len(drawn), GATES_PER_FIGURE)
    return [forest(drawn[start : start + GATES_PER_FIGURE]) for start in starts]


def _in_points(gate: dict[str, Any]) -> dict[str, Any]:
    """A difference between two shares in percentage points, as its sentence tells it."""
    if gate["scale"] != "difference" or gate["unit"] != "share":
        return gate
    ends = {end: gate[end] * 100 for end in ("estimate", "low", "high", "limit")}
    return {**gate, **ends, "unit": "pp"}


def forest(drawn: Sequence[dict[str, Any]]) -> Figure:
    """One line per gate on its own scale: estimate, interval, no-difference line, limit.

    The side of the limit on which the gate would fail is shaded.
    """
    figure: Figure = {"data": [], "layout": {"showlegend": False, "shapes": [], "annotations": []}}
    height = 1 / len(drawn)
    for index, gate in enumerate(drawn):
        top = 1 - index * height
        _add_gate(figure, gate, index + 1, (top - height * 0.62, top - height * 0.3))
    return figure


def _add_gate(
    figure: Figure, gate: dict[str, Any], number: int, domain: tuple[float, float]
) -> None:
    suffix = "" if number == 1 else str(number)
    tone = TONES.get(gate["verdict"], "--missing")
    start, end = _extent(gate)
    figure["layout"][f"xaxis{suffix}"] = {
        "range": [start, end], "anchor": f"y{suffix}", "zeroline": gate["scale"] != "value",
        "tickformat": ".3~p" if _is_share(gate) else ".4~g", "nticks": 6,
        "ticksuffix": " pp" if gate["unit"] == "pp" else "",
    }  # fmt: skip
    figure["layout"][f"yaxis{suffix}"] = {
        "domain": [round(d, 4) for d in domain], "anchor": f"x{suffix}", "range": [-1, 1],
        "visible": False, "fixedrange": True,
    }  # fmt: skip
    figure["layout"]["annotations"].append(_title(gate, domain[1]))
    figure["layout"]["shapes"].extend(_limit(gate, suffix, start, end))
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "hoverinfo": "text"}
    figure["data"].append(
        {
            **axes, "type": "scatter", "mode": "lines", "x": [gate["low"], gate["high"]],
            "y": [0, 0], "line": {"color": tone, "width": 3}, "text": gate["reason"],
        }
    )  # fmt: skip
    figure["data"].append(
        {
            **axes, "type": "scatter", "mode": "markers", "x": [gate["estimate"]], "y": [0],
            "marker": {"color": tone, "size": 11}, "text": gate["reason"],
        }
    )  # fmt: skip


def _title(gate: dict[str, Any], top: float) -> dict[str, Any]:
    where = "" if gate["class"] == "*" else f", class {gate['class']}"
    text = f"{gate['label']}{where}: {gate['verdict'].replace('_', ' ')}"
    return {
        "text": text, "x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper",
        "yanchor": "bottom", "showarrow": False,
    }  # fmt: skip


def _extent(gate: dict[str, Any]) -> tuple[float, float]:
    ends = [gate["low"], gate["high"], gate["limit"]]
    if gate["scale"] != "value":
        ends.append(0.0)
    air = (max(ends) - min(ends)) * 0.12 or abs(max(ends)) * 0.1 or 1.0
    return min(ends) - air, max(ends) + air


def _limit(gate: dict[str, Any], suffix: str, start: float, end: float) -> list[dict[str, Any]]:
    axes = {"xref": f"x{suffix}", "yref": f"y{suffix} domain", "y0": 0, "y1": 1}
    bad = (start, gate["limit"]) if gate["op"] in ("gte", "gt") else (gate["limit"], end)
    return [
        {**axes, "type": "rect", "x0": bad[0], "x1": bad[1], "fillcolor": "--fail/0.08",
         "line": {"width": 0}, "layer": "below"},
        {**axes, "type": "line", "x0": gate["limit"], "x1": gate["limit"],
         "line": {"color": "--ink-3", "width": 1.5, "dash": "dash"}},
    ]  # fmt: skip


def _is_share(gate: dict[str, Any]) -> bool:
    return bool(gate["scale"] == "relative" or gate["unit"] == "share")


def plane(points: dict[str, Any]) -> Figure | None:
    """Cost against quality: every model alone, Best-Single, Random, Oracle, and the arrow from
    baseline to candidate.
    """
    models = [m for m in points["models"] if _is_known(m)]
    named = plane_points(points)
    if not models and not named:
        return None
    data = [_models_trace(models, points["best_single"])] if models else []
    symbols = {"Baseline": "circle", "Candidate": "diamond", "Random": "x", "Oracle": "star"}
    colours = {"Baseline": "--plot-6", "Candidate": "--plot-1", "Random": "--plot-2",
               "Oracle": "--plot-3"}  # fmt: skip
    data.extend(
        {
            "type": "scatter", "mode": "markers", "name": point["name"], "x": [point["cost"]],
            "y": [point["quality"]], "text": [point["name"]], "textposition": "top center",
            "marker": {"symbol": symbols[point["name"]], "size": 13,
                       "color": colours[point["name"]]},
            "hovertemplate": _HOVER,
        }
        for point in named
    )  # fmt: skip
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "USD per request"}, "tickprefix": "$", "rangemode": "tozero"},
        "yaxis": {"title": {"text": "Mean quality"}},
        "annotations": _arrow(named),
    }
    return {"data": data, "layout": layout}


_HOVER = "%{text}<br>$%{x:.4~g} per request<br>quality %{y:.4f}<extra></extra>"


def plane_points(points: dict[str, Any]) -> list[dict[str, Any]]:
    """The named points that have both coordinates, baseline and candidate first."""
    found = (
        {"name": name.title(), **points[name]}
        for name in ("baseline", "candidate", "random", "oracle")
        if points[name]
    )
    return [point for point in found if _is_known(point)]


def _models_trace(models: list[dict[str, Any]], best: str | None) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "One model for everything",
        "x": [m["cost"] for m in models],
        "y": [m["quality"] for m in models],
        "text": [m["model"] + (" (best single)" if m["model"] == best else "") for m in models],
        "marker": {
            "color": "--plot-axis",
            "size": [11 if m["model"] == best else 7 for m in models],
            "symbol": ["square" if m["model"] == best else "circle" for m in models],
        },
        "hovertemplate": _HOVER,
    }


def _arrow(named: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_name = {point["name"]: point for point in named}
    if not {"Baseline", "Candidate"} <= by_name.keys():
        return []
    start, end = by_name["Baseline"], by_name["Candidate"]
    return [
        {
            "x": end["cost"], "y": end["quality"], "ax": start["cost"], "ay": start["quality"],
            "xref": "x", "yref": "y", "axref": "x", "ayref": "y", "text": "", "showarrow": True,
            "arrowhead": 2, "arrowwidth": 1.5, "arrowcolor": "--plot-1", "standoff": 8,
        }
    ]  # fmt: skip


def _is_known(point: dict[str, Any]) -> bool:
    return point.get("quality") is not None and point.get("cost") is not None


def flows(moves: Sequence[dict[str, Any]]) -> Figure | None:
    """Sankey of requests from the baseline's model to the candidate's; small flows together."""
    shown = list(moves[:MOST_FLOWS])
    if not shown or all(move["from"] == move["to"] for move in shown):
        return None
    before = _unique(move["from"] for move in shown)
    after = _unique(move["to"] for move in shown)
    links: dict[str, list[Any]] = defaultdict(list)
    for move in shown:
        links["source"].append(before.index(move["from"]))
        links["target"].append(len(before) + after.index(move["to"]))
        links["value"].append(move["requests"])
        stays = move["from"] == move["to"]
        links["color"].append("--plot-axis/0.25" if stays else "--plot-1/0.35")
    labels = [model_name(name) for name in (*before, *after)]
    node = {"label": labels, "pad": 14, "thickness": 12, "color": "--plot-axis"}
    return {
        "data": [{"type": "sankey", "node": node, "link": dict(links), "arrangement": "snap"}],
        "layout": {},
    }


def model_name(name: str | None) -> str:
    """A model, or the words for none."""
    return name or "no model (refused)"


def _unique(names: Iterable[str | None]) -> list[str | None]:
    return list(dict.fromkeys(names))
