"""The schema of ``quality_thresholds``."""

from __future__ import annotations

from policies.engine.metrics import COMPARISONS, LAYERS, METRICS
from policies.engine.thresholds import ANY_CLASS, EFFECTS, OPS, WINDOW_PATTERN, Threshold
from policies.files.schemas.keywords import (
    SCHEMA_NUMBER,
    Schema,
    choice,
    flag,
    listing,
    nullable,
    number,
    record,
    when,
    whole_number,
)
from policies.files.schemas.names import key, text, whole

_DEFAULTS = Threshold("", "", "", "", "", "").to_json()
_ALONE = [name for name, found in COMPARISONS.items() if not found.needs_baseline]
_TO_BASELINE = [name for name, found in COMPARISONS.items() if found.needs_baseline]
_SIZES = [name for name, found in COMPARISONS.items() if found.has_size]


def _metric() -> Schema:
    known = ", ".join(
        f"{metric.name} ({metric.unit}, {metric.better} is better)" for metric in METRICS.values()
    )
    return choice(METRICS, description=f"What is measured: {known}.")


def _class() -> Schema:
    one = key(f'The class whose requests count; "{ANY_CLASS}": all requests.')
    return {
        "anyOf": [{"const": ANY_CLASS}, one],
        "description": one["description"],
        "default": _DEFAULTS["class"],
    }


def _what() -> dict[str, Schema]:
    """What is asked of which metric."""
    return {
        "id": key("Names the threshold in reports and gates; each differs."),
        "layer": choice(LAYERS, description="The scorecard's layer. Default: the metric's own."),
        "class": _class(),
        "metric": _metric(),
        "comparison": choice(
            COMPARISONS,
            description="What the metric is held against. "
            + " ".join(f"{c.name}: {c.label.lower()}, by {c.bound}." for c in COMPARISONS.values()),
        ),
        "op": choice(
            OPS,
            description="gte or gt where higher is better, lte or lt where lower is. Default: gte "
            "or lte.",
        ),
        "value": nullable(
            number(
                description="The bound of an absolute comparison, in the metric's unit.",
                default=_DEFAULTS["value"],
            )
        ),
        "margin": nullable(
            number(
                description="The bound of a comparison to the baseline, in the metric's unit; not "
                f"below 0 for {', '.join(_SIZES)}.",
                default=_DEFAULTS["margin"],
            )
        ),
        "relative": flag(
            description="Whether margin is a share of the baseline's value.",
            default=_DEFAULTS["relative"],
        ),
    }


def _proof() -> dict[str, Schema]:
    """How it is proved, and what follows."""
    return {
        "confidence": number(
            at_least=0.5,
            below=1,
            description="Confidence of the interval that is held against the bound, from 0.5 to "
            "below 1; a gate needs 0.9 or more.",
            default=_DEFAULTS["confidence"],
        ),
        "min_samples": whole_number(
            at_least=1,
            description="With fewer requests than this there is no pass; a gate needs 30 or more.",
            default=_DEFAULTS["min_samples"],
        ),
        "window": {
            "type": "string",
            "pattern": whole(WINDOW_PATTERN),
            "description": "How far back an alarm or a rollback criterion looks: hours, days or "
            "weeks.",
            "default": _DEFAULTS["window"],
            "examples": ["24h", "7d", "4w"],
        },
        "effect": choice(
            EFFECTS,
            description="gate: a shadow evaluation must show it. alarm, rollback: a target of the "
            "release in force, with what a miss is to lead to. The scorecard shows all three.",
        ),
        "owner": text("Who answers for the threshold.", max_length=200, default=_DEFAULTS["owner"]),
    }


def _bounds() -> list[Schema]:
    """Which of ``value`` and ``margin`` a comparison uses; the other is null."""
    none, some = {"type": "null"}, {"type": "number"}
    absolute: Schema = {
        "properties": {"value": some, "margin": none, "relative": {"const": False}},
        "required": ["value"],
    }
    to_baseline: Schema = {"properties": {"margin": some, "value": none}, "required": ["margin"]}
    return [
        when("comparison", _ALONE, absolute),
        when("comparison", _TO_BASELINE, to_baseline),
        when("comparison", _SIZES, {"properties": {"margin": {"minimum": 0}}}),
    ]


def _of_metrics() -> list[Schema]:
    """What follows from the metric: its layer, and the operators that ask for better."""
    metrics = METRICS.values()
    layers = [
        when(
            "metric",
            [metric.name for metric in metrics if metric.layer == layer],
            {"properties": {"layer": {"const": layer}}},
        )
        for layer in LAYERS
    ]
    operators = [
        when(
            "metric",
            [metric.name for metric in metrics if metric.ops == ops],
            {"properties": {"op": {"enum": list(ops)}}},
        )
        for ops in sorted({metric.ops for metric in metrics})
    ]
    return [*layers, *operators]


DOCUMENT: Schema = record(
    {
        "schema": SCHEMA_NUMBER,
        "thresholds": listing(
            record(
                {**_what(), **_proof()},
                required=("id", "metric", "comparison", "effect"),
                title="Threshold",
                description="One requirement on a metric.",
                allOf=[*_bounds(), *_of_metrics()],
            ),
            description="What must hold.",
            default=[],
        ),
    },
    required=("schema",),
    title="Quality thresholds",
    description="What is good enough.",
)
