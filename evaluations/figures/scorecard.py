"""Plotly figures of the scorecard, as plain dicts. Pure.

Colours are names of design tokens, which the page's own script looks up in the theme that shows.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.metrics.board import MetricValue
from evaluations.metrics.change import EVENTS
from evaluations.metrics.periods import Window
from evaluations.services.scorecard import Marker

Figure = dict[str, Any]
# unit → (tick format, tick suffix, hover format)
_AXES = {
    "share": (".1~%", "", ".2%"),
    "ms": (",~r", " ms", ",.0f"),
    "hours": ("~r", " h", ".1f"),
    "USD per request": ("$~g", "", "$.3~g"),
    "USD": ("$,.2~f", "", "$,.2f"),
}
_PLAIN = ("~g", "", ".4~g")
# Up to so many points each is marked; beyond, marks would only thicken the line.
_MOST_MARKS = 40


def metric_figure(metric: MetricValue, markers: Sequence[Marker], window: Window) -> Figure:
    """A metric over time with its target and the releases that came into force."""
    ticks, suffix, hover = _AXES.get(metric.metric.unit, _PLAIN)
    known = [(time, value) for time, value in metric.series if value is not None]
    trace: dict[str, Any] = {
        "type": "scatter",
        "x": [_time(time) for time, _ in metric.series],
        "y": [value for _, value in metric.series],
        "mode": _mode(metric, len(known)),
        "name": metric.label,
        "line": {"color": "--plot-1", "width": 1.75},
        "marker": {"color": "--plot-1", "size": 9 if metric.name in EVENTS else 5},
        "hovertemplate": f"%{{x|%-d %b %H:%M}}: %{{y:{hover}}}{suffix}<extra></extra>",
    }
    if metric.name == "rollbacks":
        trace = {key: trace[key] for key in ("x", "y", "name", "hovertemplate")}
        trace |= {"type": "bar", "marker": {"color": "--plot-1"}}
    return {
        "data": [trace],
        "layout": {
            "showlegend": False,
            "margin": {"t": 22, "r": 16},
            "hovermode": "closest",
            "xaxis": {"type": "date", "range": [_time(window.start), _time(window.end)]},
            "yaxis": {"tickformat": ticks, "ticksuffix": suffix, "rangemode": _range(metric)},
            "shapes": [*_target_shapes(metric), *(_marker_shape(marker) for marker in markers)],
            "annotations": [
                *_target_notes(metric),
                *(_marker_note(marker) for marker in markers),
            ],
        },
    }


def _mode(metric: MetricValue, known: int) -> str:
    if metric.name in EVENTS:
        return "markers"
    return "lines+markers" if known <= _MOST_MARKS else "lines"


def _range(metric: MetricValue) -> str:
    # Rates and counts are read against nothing; levels such as quality against their past.
    level = metric.name in ("mean_quality", "route_accuracy", "class_agreement", "amplification")
    return "normal" if level else "tozero"


def _time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _target_shapes(metric: MetricValue) -> list[dict[str, Any]]:
    target = metric.target
    if target is None or target.bound is None:
        return []
    line = {"color": "--ink-2", "width": 1, "dash": "dash"}
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": target.bound, "y1": target.bound}
    return [{"type": "line", **ends, "line": line}]


def _target_notes(metric: MetricValue) -> list[dict[str, Any]]:
    target = metric.target
    if target is None or target.bound is None:
        return []
    return [
        {
            "text": f"target {metric.target_text}",
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            "y": target.bound,
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 11, "color": "--ink-2"},
        }
    ]


def _marker_shape(marker: Marker) -> dict[str, Any]:
    colour = "--fail" if marker.is_rollback else "--ink-3"
    line = {"color": colour, "width": 1, "dash": "dot"}
    at = _time(marker.at)
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at, "line": line}


def _marker_note(marker: Marker) -> dict[str, Any]:
    return {
        "text": marker.label,
        "x": _time(marker.at),
        "xanchor": "center",
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": "--fail" if marker.is_rollback else "--ink-3"},
    }


def confusion_figure(
    confusion: Mapping[tuple[str, str], Sequence[int]], labels: Mapping[str, str]
) -> Figure:
    """Of the requests of each labelled class (a row), the share routed as each class (a column)."""
    classes = confusion_classes(confusion, labels)
    names = [labels.get(key, key or "none") for key in classes]
    counts = [[_requests(confusion, taken, label) for taken in classes] for label in classes]
    shares = [[count / sum(row) if sum(row) else None for count in row] for row in counts]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": names,
                "y": names,
                "z": shares,
                "customdata": counts,
                "zmin": 0,
                "zmax": 1,
                "colorscale": [[0, "--sunken"], [1, "--plot-1"]],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "texttemplate": "%{z:.0%}",
                "hovertemplate": (
                    "%{customdata:,} labelled %{y}, routed as %{x}: %{z:.1%}<extra></extra>"
                ),
            }
        ],
        "layout": {
            "xaxis": {"title": "Routed as", "type": "category", "side": "bottom"},
            "yaxis": {"title": "Labelled", "type": "category", "autorange": "reversed"},
        },
    }


def confusion_classes(
    confusion: Mapping[tuple[str, str], Sequence[int]], labels: Mapping[str, str]
) -> list[str]:
    """The classes that occur, in the order of the policy, then those it does not know."""
    found = {key for pair in confusion for key in pair}
    return [key for key in labels if key in found] + sorted(found - labels.keys())


def _requests(confusion: Mapping[tuple[str, str], Sequence[int]], taken: str, label: str) -> int:
    entry = confusion.get((taken, label))
    return entry[0] if entry else 0
