"""What a report tells whoever has to decide: what gets worse, and one figure for each concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluations.replay import wording
from evaluations.replay.tally import ALL_CLASSES
from policies.engine import METRICS
from policies.engine.metrics import LAYERS
from policies.wording import numbers

Row = Mapping[str, Any]
# What people ask of a change before all else, and the metric that answers it.
CONCERNS = (
    ("quality", "Quality", "mean_quality"),
    ("reliability", "Reliability", "error_rate"),
    ("cost", "Cost", "mean_cost_usd"),
    ("speed", "Speed", "latency_p95_ms"),
)
PER = 1000  # a request costs too little for its price to be read
_PLACES = {name: place for place, name in enumerate(METRICS)}


def review_facts(report: Row) -> dict[str, Any]:
    """Facts of a report as they are kept with the check of a change request. Plain JSON.

    `worse` holds every metric and class whose interval lies on the bad side of zero, whether or
    not a threshold asks for it; `compared` is how many have an interval. `in_short` has a figure
    for each of `CONCERNS`; `failed_calls` counts attempts that failed under either bundle, and
    `support` is the report's own counts and what it says of how far they carry.
    """
    compared = [row for row in report["metrics"] if row["difference"] is not None]
    worse = sorted((row for row in compared if row["direction"] == "worse"), key=_first_to_read)
    overall = {row["metric"]: row for row in report["metrics"] if row["class"] == ALL_CLASSES}
    return {
        "worse": [_told(row) for row in worse],
        "compared": len(compared),
        "in_short": [
            {"concern": concern, "name": name, **_told(overall[metric])}
            for concern, name, metric in CONCERNS
            if metric in overall
        ],
        "failed_calls": {side: _failed(report, side) for side in ("baseline", "candidate")},
        "support": {**report["counts"], **report.get("support", {})},
    }


def _first_to_read(row: Row) -> tuple[int, int, bool, float, str]:
    """Quality before cost; all requests before a class; then the most harm: change × requests."""
    metric = METRICS[row["metric"]]
    harm = abs(row["difference"]["estimate"]) * row["n"]
    is_class = row["class"] != ALL_CLASSES
    return LAYERS.index(metric.layer), _PLACES[metric.name], is_class, -harm, row["class"]


def _told(row: Row) -> dict[str, Any]:
    """One metric of one class in words; `low` and `high` bound `estimate`, in its unit."""
    metric, difference = row["metric"], row["difference"]
    ends = {
        end: None if difference is None else difference[end] for end in ("estimate", "low", "high")
    }
    low, high = _change(metric, ends["low"]), _change(metric, ends["high"])
    relative = row["relative"] and row["relative"]["estimate"]
    return {
        "metric": metric,
        "label": wording.label(metric).replace("per request", f"per {PER:,} requests"),
        "layer": METRICS[metric].layer,
        "class": row["class"],
        "direction": row["direction"],
        "before": _value(metric, row["baseline"]),
        "after": _value(metric, row["candidate"]),
        "change": _change(metric, ends["estimate"]),
        "relative": _relative(relative),
        "interval": "" if difference is None else wording.between(low, high),
        "n": row["n"],
        **ends,
    }


def _value(metric: str, value: float | None) -> str:
    unit = METRICS[metric].unit
    if unit == "share":
        return numbers.percent(value, 2)
    if unit == "ms":
        return numbers.milliseconds(value)
    if unit == "USD per request":
        return numbers.money(None if value is None else value * PER)
    return numbers.number(value, 4)


def _change(metric: str, value: float | None) -> str:
    """A difference with its sign; between two shares it is in percentage points."""
    unit = METRICS[metric].unit
    if value is None:
        return numbers.UNKNOWN
    if unit == "share":
        return f"{numbers.signed(value * 100)} pp"
    if unit in ("ms", "USD per request"):
        return ("+" if value > 0 else "") + _value(metric, value)
    return numbers.signed(value)


def _relative(value: float | None) -> str:
    return ("+" if value is not None and value > 0 else "") + numbers.percent(value)


def _failed(report: Row, side: str) -> int:
    failures = report["sides"][side]["failures"]
    return sum(sum(kinds.values()) for kinds in failures.values())
