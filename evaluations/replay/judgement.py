"""Thresholds with the effect `gate` → verdicts with their reasons.

A verdict is only as good as its evidence: too few requests or clusters, too much missing, or
models that were never recorded make a gate inconclusive, never passed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from evaluations.replay import wording
from evaluations.replay.class_gates import confirmed
from evaluations.replay.measures import MEASURED, Measurement, Measures
from evaluations.replay.outcome import PERCENTILES
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS, Limit
from evaluations.statistics.intervals import Interval
from evaluations.statistics.sample_size import POWER, Needed, requests_to_resolve
from policies.engine import METRICS
from policies.engine.thresholds import ANY_CLASS, Threshold

MIN_CLUSTERS = 40


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much may be absent before a gate can no longer pass; shares of the class's requests."""

    max_unsupported: float = 0.01
    max_missing: float = 0.05
    min_clusters: int = MIN_CLUSTERS


@dataclass(frozen=True, slots=True)
class Gate:
    """One threshold judged. `estimate`, `low`, `high` and `limit` share one scale:

    `value` (the candidate's), `difference` (candidate − baseline, metric's unit) or `relative`
    (difference as a share of the baseline).
    """

    id: str
    metric: str
    label: str
    layer: str
    class_key: str
    comparison: str
    op: str
    scale: str
    limit: float
    confidence: float
    min_samples: int
    owner: str
    unit: str
    verdict: str
    reason: str
    n: int
    clusters: int
    baseline: float | None
    candidate: float | None
    estimate: float | None
    low: float | None
    high: float | None
    needed: int | None

    def as_json(self) -> dict[str, Any]:
        """Plain values; the class under its document name."""
        values = asdict(self)
        values["class"] = values.pop("class_key")
        return values


@dataclass(frozen=True, slots=True)
class _Tested:
    """What is held against the limit (`interval`), and what is shown (`shown`, `limit`)."""

    scale: str
    limit: float
    test: Limit
    interval: Interval | None
    shown: Interval | None
    n: int
    clusters: int


def judge(
    measures: Measures, thresholds: Sequence[Threshold], limits: EvidenceLimits
) -> list[Gate]:
    """The gates among the thresholds, in document order."""
    asked = [t for t in thresholds if t.effect == "gate"]
    gates = [_judge(measures, t, limits) for t in asked]
    family = sum(t.class_key != ANY_CLASS for t in asked)
    failing = {
        place: t
        for place, (t, gate) in enumerate(zip(asked, gates, strict=True))
        if t.class_key != ANY_CLASS and gate.verdict == FAIL
    }
    for place in failing.keys() - confirmed(failing, family, lambda t: _fails(measures, t)):
        gates[place] = _unconfirmed(gates[place], family)
    return gates


def _fails(measures: Measures, threshold: Threshold) -> bool:
    tested = _tested(measures, threshold, _measured(measures, threshold))
    return tested.interval is not None and tested.test.verdict(tested.interval) == FAIL


def _unconfirmed(gate: Gate, family: int) -> Gate:
    reason = (
        f"{gate.reason} Of {family} gates of classes, though, one lies so far beyond its limit by "
        "chance too often (Holm), so it does not count as a fail. More requests would resolve it."
    )
    return replace(gate, verdict=INCONCLUSIVE, reason=reason)


def _measured(measures: Measures, threshold: Threshold) -> Measurement:
    metric, class_key = threshold.metric, threshold.class_key
    found = measures.measure(metric, class_key, threshold.confidence)
    return found or Measurement(metric, class_key, measures.count(class_key))


def _judge(measures: Measures, threshold: Threshold, limits: EvidenceLimits) -> Gate:
    found = _measured(measures, threshold)
    tested = _tested(measures, threshold, found)
    verdict, reason, needed = _verdict(measures, threshold, tested, found, limits)
    shown = tested.shown
    return Gate(
        id=threshold.id,
        metric=threshold.metric,
        label=wording.label(threshold.metric),
        layer=threshold.layer,
        class_key=threshold.class_key,
        comparison=threshold.comparison,
        op=threshold.op,
        scale=tested.scale,
        limit=tested.limit,
        confidence=threshold.confidence,
        min_samples=threshold.min_samples,
        owner=threshold.owner,
        unit=METRICS[threshold.metric].unit,
        verdict=verdict,
        reason=reason,
        n=tested.n,
        clusters=tested.clusters,
        baseline=found.baseline,
        candidate=found.candidate,
        estimate=shown.estimate if shown else None,
        low=shown.low if shown else None,
        high=shown.high if shown else None,
        needed=needed,
    )


def _tested(measures: Measures, threshold: Threshold, found: Measurement) -> _Tested:
    if not threshold.needs_baseline:
        limit = float(threshold.value or 0)
        test, alone = Limit(threshold.op, limit), found.alone
        n, clusters = found.alone_n, found.alone_clusters
        return _Tested("value", limit, test, alone, alone, n, clusters)
    margin = threshold.signed_margin
    n, clusters = found.n, found.clusters
    if not threshold.relative:
        shown = found.difference
        return _Tested("difference", margin, Limit(threshold.op, margin), shown, shown, n, clusters)
    weight = 1 + Fraction(margin)
    interval = measures.weighted_difference(
        threshold.metric, threshold.class_key, threshold.confidence, weight
    )
    shown = found.relative
    return _Tested("relative", margin, Limit(threshold.op, 0.0), interval, shown, n, clusters)


def _verdict(
    measures: Measures,
    threshold: Threshold,
    tested: _Tested,
    found: Measurement,
    limits: EvidenceLimits,
) -> tuple[str, str, int | None]:
    """(verdict, reason, requests that would resolve it)."""
    name = _name(threshold)
    if threshold.metric not in MEASURED:
        return MISSING, f"{name} cannot be measured by replaying recorded requests.", None
    if not tested.n:
        return MISSING, _nothing(name, threshold, found), None
    lacking = _lacking(measures, threshold, tested, found, limits)
    if lacking is not None:
        return INCONCLUSIVE, f"{name}: {lacking[0]}", lacking[1]
    if tested.interval is None:
        return INCONCLUSIVE, f"{name} has no interval: too few values beyond it.", None
    verdict = tested.test.verdict(tested.interval)
    reason = _sentence(threshold, tested, verdict)
    if verdict != INCONCLUSIVE:
        return verdict, reason, None
    needed = _needed(measures, threshold, tested)
    return verdict, f"{reason} {_resolve(needed)}", needed.requests if needed else None


def _name(threshold: Threshold) -> str:
    name = wording.label(threshold.metric)
    return name if threshold.class_key == ANY_CLASS else f"{name} of {threshold.class_key}"


def _nothing(name: str, threshold: Threshold, found: Measurement) -> str:
    if not found.requests:
        return f"{name}: no recorded request falls into the class."
    return f"{name} is not recorded for any request that both bundles can be judged on."


def _lacking(
    measures: Measures,
    threshold: Threshold,
    tested: _Tested,
    found: Measurement,
    limits: EvidenceLimits,
) -> tuple[str, int | None] | None:
    """Why the evidence is too thin whatever it says, and how many requests would do."""
    unsupported = measures.count(threshold.class_key, "unsupported") / found.requests
    missing = 1 - tested.n / found.requests - unsupported
    if unsupported > limits.max_unsupported:
        return (
            f"{wording.share(unsupported)} of the requests go to a model that was never recorded "
            f"for them; at most {wording.share(limits.max_unsupported)} may.",
            None,
        )
    if missing > limits.max_missing:
        return (
            f"{wording.share(missing)} of the requests have no recorded value; at most "
            f"{wording.share(limits.max_missing)} may be missing.",
            None,
        )
    wanted = max(threshold.min_samples, _least_for_percentile(threshold.metric))
    if tested.n < wanted:
        return (
            f"only {wording.count(tested.n)} requests can be compared; the threshold asks for "
            f"{wording.count(wanted)}.",
            wanted,
        )
    if tested.clusters < limits.min_clusters:
        return (
            f"the requests come from only {wording.count(tested.clusters)} conversations; "
            f"an interval needs {limits.min_clusters}.",
            None,
        )
    return None


def _least_for_percentile(metric: str) -> int:
    """Fewest values whose upper 95 % bound exists: 72 for p95, 368 for p99."""
    return {95: 72, 99: 368}.get(PERCENTILES.get(metric, 0), 0)


def _needed(measures: Measures, threshold: Threshold, tested: _Tested) -> Needed | None:
    def interval_at(requests: int) -> Interval | None:
        more = measures.scaled(Fraction(requests, tested.n))
        return _tested(more, threshold, _measured(more, threshold)).interval

    return requests_to_resolve(interval_at, tested.test, tested.n)


def _resolve(needed: Needed | None) -> str:
    if needed is None:
        return "The estimate lies on the limit, so that no number of requests would resolve it."
    return (
        f"About {wording.count(needed.requests)} requests like these would let it "
        f"{needed.towards}, with a probability of {wording.share(POWER)}."
    )


_OUTCOMES = {
    PASS: "the whole interval satisfies it.",
    FAIL: "the whole interval lies beyond it.",
    INCONCLUSIVE: "the interval reaches across it.",
}
_OPS = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "less than"}


def _sentence(threshold: Threshold, tested: _Tested, verdict: str) -> str:
    name = _name(threshold)
    asked = f"{_OPS[threshold.op]} {_shown(threshold.metric, tested, tested.limit)}"
    shown = tested.shown
    if shown is None:
        return f"{name} is asked to change by {asked}; {_OUTCOMES[verdict]}"
    verb = "is" if tested.scale == "value" else "changes by"
    estimate, low, high = (
        _shown(threshold.metric, tested, x) for x in (shown.estimate, shown.low, shown.high)
    )
    percent = wording.share(threshold.confidence)
    return (
        f"{name} {verb} {estimate} ({percent} interval {low} to {high}); the limit is {asked}: "
        f"{_OUTCOMES[verdict]}"
    )


def _shown(metric: str, tested: _Tested, value: float) -> str:
    if tested.scale == "relative":
        return wording.share(value, signed=True)
    return wording.amount(metric, value, signed=tested.scale == "difference")
