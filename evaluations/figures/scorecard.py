"""Plotly figures of the scorecard, as plain dicts. Pure.

Colours are names of design tokens, which the page's own script looks up in the theme that shows.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.metrics.board import Marker, MetricValue
from evaluations.metrics.change import COUNTED, EVENTS
from evaluations.metrics.periods import Window

Figure = dict[str, Any]
# unit → (tick format, tick suffix, hover format)
_AXES = {
    "share": (".1~%", "", ".2%"),
    "ms": ("~g", " s", ".3~g"),
    "hours": ("~r", " h", ".1f"),
    "USD per request": ("$~g", "", "$.3~g"),
    "USD": ("$~g", "", "$,.3~g"),
}
_PLAIN = ("~g", "", ".4~g")
# Seconds read better on an axis than thousands of milliseconds.
_SCALES = {"ms": 0.001}
# Longest period in days → (milliseconds or months between ticks, their format)
_TICKS: dict[int, tuple[int | str, str]] = {
    1: (4 * 3_600_000, "%H:%M"),
    7: (86_400_000, "%-d %b"),
    28: (7 * 86_400_000, "%-d %b"),
    90: ("M1", "%b %Y"),
}
# Up to so many points each is marked; beyond, marks would only thicken the line.
_MOST_MARKS = 40


def metric_figure(metric: MetricValue, markers: Sequence[Marker], window: Window) -> Figure:
    """A metric over time with its target and the releases that came into force."""
    ticks, suffix, hover = _AXES.get(metric.metric.unit, _PLAIN)
    known = [(time, value) for time, value in metric.series if value is not None]
    trace: dict[str, Any] = {
        "type": "scatter",
        "x": [_time(time) for time, _ in metric.series],
        "y": _scaled(metric),
        "mode": _mode(metric, len(known)),
        "name": metric.label,
        "line": {"color": "--plot-1", "width": 1.75},
        "marker": {"color": "--plot-1", "size": 9 if metric.name in EVENTS else 5},
        "hovertemplate": f"%{{x|%-d %b %H:%M}}: %{{y:{hover}}}{suffix}<extra></extra>",
    }
    if metric.name in COUNTED:
        trace = {key: trace[key] for key in ("x", "y", "name", "hovertemplate")}
        trace |= {"type": "bar", "marker": {"color": "--plot-1"}}
    return {
        "data": [trace, *_target_lines(metric, window)],
        "layout": {
            "showlegend": False,
            "margin": {"t": 22, "r": 16},
            "hovermode": "closest",
            "xaxis": _time_axis(window),
            "yaxis": {"tickformat": ticks, "ticksuffix": suffix, "rangemode": _range(metric)},
            "shapes": [_marker_shape(marker) for marker in markers],
            "annotations": [
                *_target_notes(metric),
                *(_marker_note(marker) for marker in markers),
            ],
        },
    }


def _scaled(metric: MetricValue) -> list[float | None]:
    scale = _SCALES.get(metric.metric.unit, 1)
    return [None if value is None else value * scale for _, value in metric.series]


def _time_axis(window: Window) -> dict[str, Any]:
    days = (window.end - window.start).days
    distance, form = _TICKS[min(longest for longest in _TICKS if longest >= days)]
    return {
        "type": "date",
        "range": [_time(window.start), _time(window.end)],
        "dtick": distance,
        "tickformat": form,
        "tickformatstops": [],
    }


def _mode(metric: MetricValue, known: int) -> str:
    if metric.name in EVENTS:
        return "markers"
    return "lines+markers" if known <= _MOST_MARKS else "lines"


def _range(metric: MetricValue) -> str:
    # Rates and counts are read against nothing; levels such as quality against their past.
    level = metric.name in (
        "mean_quality",
        "adequate_answer_rate",
        "class_agreement",
        "amplification",
    )
    return "normal" if level else "tozero"


def _time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _drawn_bound(metric: MetricValue) -> float | None:
    """The target's level, unless it lies so far off that it would flatten the line.

    A line of zeros is flat anyway, and the target says what they are to be read against.
    """
    bound = metric.target.bound if metric.target else None
    known = [value for value in metric.values if value is not None]
    if bound is None or not known:
        return None
    all_zero = not any(known)
    in_sight = all_zero or min(known) / 2 <= bound <= max(max(known) * 2, 0.02)
    return bound * _SCALES.get(metric.metric.unit, 1) if in_sight else None


def _target_lines(metric: MetricValue, window: Window) -> list[dict[str, Any]]:
    """A trace rather than a shape, so that the axis makes room for it."""
    bound = _drawn_bound(metric)
    if bound is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "target",
            "x": [_time(window.start), _time(window.end)],
            "y": [bound, bound],
            "line": {"color": "--ink-2", "width": 1, "dash": "dash"},
            "hoverinfo": "skip",
        }
    ]


def _target_notes(metric: MetricValue) -> list[dict[str, Any]]:
    bound = _drawn_bound(metric)
    if bound is None:
        return []
    return [
        {
            "text": f"target {metric.target_text}",
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            "y": bound,
            "bgcolor": "--surface/0.85",
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
                # Pale enough for the page's own ink to be read on it, in both themes.
                "colorscale": [[0, "--sunken"], [1, "--plot-1/0.45"]],
                "textfont": {"color": "--ink"},
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
            "xaxis": {"title": "Routed as", "type": "category", "showgrid": False},
            "yaxis": {
                "title": "Labelled",
                "type": "category",
                "autorange": "reversed",
                "showgrid": False,
            },
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
