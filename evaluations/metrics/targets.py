"""What the thresholds in force ask of a metric, and whether the period meets it.

A gate that compares with a baseline is judged by a shadow evaluation, which gives both sides the
same requests; holding it against the period before would be another question, asked again at each
look. Alarms and rollback criteria that compare are held against the period before, day by day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluations.metrics.measures import (
    PERCENTILES,
    RATIOS,
    Context,
    interval_of,
    samples_of,
    value_of,
)
from evaluations.metrics.sums import Buckets
from evaluations.metrics.trend import difference
from evaluations.statistics.gates import INCONCLUSIVE, MISSING, SEVERITY, Limit
from evaluations.statistics.intervals import Interval
from policies.engine.metrics import EVALUATION, METRICS
from policies.engine.thresholds import ANY_CLASS, Threshold

NOT_JUDGED = "not_judged"
_ORDER = (NOT_JUDGED, *SEVERITY)


@dataclass(frozen=True, slots=True)
class Target:
    """One threshold as it stands on a period. `bound` is in the metric's unit: a level to reach
    for an absolute threshold, else the level that the preceding period and the margin give.
    `verdict` is `not_judged` where only a shadow evaluation judges the threshold.
    """

    threshold: Threshold
    bound: float | None
    verdict: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The buckets of the period and of the one before it."""

    current: Buckets
    previous: Buckets
    context: Context


def applicable(thresholds: Iterable[Threshold], metric: str, class_key: str) -> list[Threshold]:
    """The thresholds on a metric: those of the class looked at, else those for every class."""
    named = [entry for entry in thresholds if entry.metric == metric]
    own = [entry for entry in named if class_key and entry.class_key == class_key]
    return own or [entry for entry in named if entry.class_key == ANY_CLASS]


def target_of(threshold: Threshold, evidence: Evidence) -> Target:
    """Judge one threshold on roll-up evidence."""
    if compares_in_evaluations(threshold):
        return Target(threshold, None, NOT_JUDGED, "compared in shadow evaluations")
    name, context = threshold.metric, evidence.context
    total = evidence.current.total
    value = value_of(name, total, context)
    bound = bound_of(threshold, value_of(name, evidence.previous.total, context))
    if value is None:
        return Target(threshold, bound, MISSING, "nothing reported")
    samples = samples_of(name, total, context)
    if samples < threshold.min_samples:
        few = f"{samples:,} of the {threshold.min_samples:,} requests it needs"
        return Target(threshold, bound, INCONCLUSIVE, few)
    if bound is None:
        return Target(threshold, None, MISSING, "no preceding period to compare with")
    found = _interval(threshold, evidence, value)
    if found is None:
        return Target(threshold, bound, INCONCLUSIVE, _no_interval(threshold))
    verdict = Limit(threshold.op, bound).verdict(found)
    why = "the interval reaches across the target" if verdict == INCONCLUSIVE else ""
    return Target(threshold, bound, verdict, why)


def compares_in_evaluations(threshold: Threshold) -> bool:
    """Whether a threshold is a gate that a shadow evaluation holds against the baseline."""
    is_gate = threshold.effect == "gate" and threshold.needs_baseline
    return is_gate and EVALUATION in METRICS[threshold.metric].measured_in


def _no_interval(threshold: Threshold) -> str:
    if threshold.needs_baseline:
        return "a change needs an interval, of seven days or more with enough requests"
    return "too few hours or days to tell"


def target_of_value(threshold: Threshold, value: float | None, before: float | None) -> Target:
    """Judge a threshold on a plain value, which has no interval, and so no change to judge."""
    bound = bound_of(threshold, before)
    if value is None or bound is None:
        return Target(threshold, bound, MISSING, "nothing to judge in this period")
    if threshold.needs_baseline:
        return Target(threshold, bound, INCONCLUSIVE, "a change of it has no interval")
    point = Interval(value, 0.0, value, value)
    return Target(threshold, bound, Limit(threshold.op, bound).verdict(point))


def _interval(threshold: Threshold, evidence: Evidence, value: float) -> Interval | None:
    """The value's interval; against the period before, that of the change, moved to the value.

    A level of a metric that has no interval at all is judged on its value.
    """
    name, context, confidence = threshold.metric, evidence.context, threshold.confidence
    if not threshold.needs_baseline:
        if name not in RATIOS and name not in PERCENTILES:
            return Interval(value, 0.0, value, value)
        return interval_of(name, evidence.current, context, confidence)
    change = difference(name, evidence.current, evidence.previous, context, confidence)
    if change is None:
        return None
    shift = value - change.estimate
    return Interval(value, change.standard_error, change.low + shift, change.high + shift)


def bound_of(threshold: Threshold, before: float | None) -> float | None:
    """The level asked for; None when it depends on a preceding period that has no value."""
    if not threshold.needs_baseline:
        return threshold.value
    if before is None or threshold.margin is None:
        return None
    margin = threshold.signed_margin
    return before + (margin * abs(before) if threshold.relative else margin)


def hardest(targets: Sequence[Target]) -> Target | None:
    """The target with the worst verdict, which is the one to show first."""
    return max(targets, key=lambda target: _ORDER.index(target.verdict), default=None)
