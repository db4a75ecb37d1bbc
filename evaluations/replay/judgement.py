"""Thresholds with the effect `gate` → verdicts with their reasons.

A verdict is only as good as its evidence. A gate passes where the whole interval satisfies it, also
with everything unknown put to the candidate's disadvantage; a comparison passes only where enough
requests were treated differently. A first release has nothing to be compared with.

Further looks make a pass by chance likelier, and no fail: so a pass is judged at the confidence
of the look (`evaluations.replay.looks`), a fail at the gate's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from evaluations.replay import reasons, wording
from evaluations.replay.class_gates import confirmed
from evaluations.replay.concentration import METRIC as CONCENTRATION
from evaluations.replay.evidence import Evidence, unbounded, widened
from evaluations.replay.looks import at_look
from evaluations.replay.measures import MEASURED, Measurement, Measures
from evaluations.replay.outcome import PERCENTILES, SKEWED
from evaluations.replay.tested import Tested, measured, tested_by
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, MISSING, PASS
from evaluations.statistics.intervals import Interval
from evaluations.statistics.sample_size import Needed, requests_to_resolve
from policies.engine import METRICS
from policies.engine.thresholds import (
    ANY_CLASS,
    GATE_MIN_CONFIDENCE,
    GATE_MIN_SAMPLES,
    Threshold,
)

# Neither passes nor blocks: a comparison where there is nothing to compare with.
NOT_APPLICABLE = "not_applicable"
MIN_CLUSTERS = 40
# Of effective requests. Dear calls may be rare: of those that are one in 81 requests, so many
# requests hold none in one sample of 40.
FEWEST_COSTS = 300
# No recorded call comes near; beyond them lies only what is assumed of unknown latencies.
LONGEST_MS, MOST_TIMES_SLOWER = 1e9, 1e3
CANDIDATE, BASELINE = "candidate", "baseline"
NO_DIFFERENCE = Interval(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all gates of a run share. `shortage`: why comparisons cannot pass, empty if they can;
    `cause`: why nothing is measured, where one cause explains it; `unpriced`: models never
    recorded of which nothing says what they cost; `look`: which look at a sealed share, 0 for none.
    """

    compares: bool
    proved_alike: bool
    shortage: str
    cause: str
    unpriced: tuple[str, ...] = ()
    look: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A threshold, whose it is, and whether the release in force asked for it already."""

    threshold: Threshold
    whose: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """One threshold judged. `estimate`, `low`, `high` and `limit` share one scale:

    `value` (the candidate's), `difference` (candidate − baseline, metric's unit) or `relative`
    (difference as a share of the baseline). `confidence` is the one that it was judged at.
    `required_by` says whose threshold it is. `unknown` requests have no value; with all of them at
    their worst the interval is `worst_low` to `worst_high`, and its end at the limit lies by
    `unknown_costs` nearer to it.
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
    required_by: str
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
    unknown: int
    worst_low: float | None
    worst_high: float | None
    unknown_costs: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values; the class under its document name."""
        values = asdict(self)
        values["class"] = values.pop("class_key")
        return values


@dataclass(frozen=True, slots=True)
class _Case:
    """One threshold with all that is known of it. `worst` is `tested` with the `unknown` requests
    at their worst.
    """

    evidence: Evidence
    threshold: Threshold
    found: Measurement
    tested: Tested
    worst: Tested
    unknown: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """`is_open`: the interval reaches across the limit, so that more requests would resolve it."""

    verdict: str
    reason: str
    needed: int | None = None
    is_open: bool = False


def judge(evidence: Evidence, thresholds: Iterable[Asked], found: Circumstances) -> list[Gate]:
    """The gates among the thresholds, in their order."""
    asked = [
        replace(one, threshold=_with_floors(one.threshold))
        for one in thresholds
        if one.threshold.effect == "gate"
    ]
    gates = [_judge(evidence, one, found) for one in asked]
    if found.proved_alike:
        return gates
    of_classes = {
        place: one
        for place, one in enumerate(asked)
        if one.threshold.class_key != ANY_CLASS and gates[place].verdict != NOT_APPLICABLE
    }
    failing = {place: one for place, one in of_classes.items() if gates[place].verdict == FAIL}
    for is_new in (False, True):
        family = sum(is_new or not one.is_new for one in of_classes.values())
        mine = {place: one.threshold for place, one in failing.items() if is_new or not one.is_new}
        open_ = mine.keys() - confirmed(mine, family, partial(_fails, evidence.known))
        for place in open_:
            if asked[place].is_new == is_new:
                gates[place] = _unconfirmed(gates[place], family)
    return gates


def decide(
    evidence: Evidence, threshold: Threshold, shared: Circumstances
) -> tuple[str, Interval | None]:
    """One gate's verdict by itself, and the interval that it shows."""
    case, judged = _decided(evidence, _with_floors(threshold), shared)
    return judged.verdict, case.tested.shown


def _fails(measures: Measures, threshold: Threshold) -> bool:
    tested = tested_by(measures, threshold, measured(measures, threshold))
    return tested.interval is not None and tested.test.verdict(tested.interval) == FAIL


def _unconfirmed(gate: Gate, family: int) -> Gate:
    return replace(
        gate, verdict=INCONCLUSIVE, reason=f"{gate.reason} {reasons.unconfirmed(family)}"
    )


def _decided(
    evidence: Evidence, threshold: Threshold, shared: Circumstances
) -> tuple[_Case, _Judged]:
    """At the confidence of the look; where that leaves it open, a fail at the gate's own."""
    case = _case(evidence, at_look(threshold, shared.look))
    judged = _verdict(case, shared)
    if judged.verdict == INCONCLUSIVE and shared.look:
        own = _case(evidence, threshold)
        alone = _verdict(own, shared)
        if alone.verdict == FAIL:
            return own, alone
    return case, judged


def _judge(evidence: Evidence, asked: Asked, shared: Circumstances) -> Gate:
    case, judged = _decided(evidence, asked.threshold, shared)
    judged = _resolvable(case, asked.threshold, judged)
    threshold, found, tested, worst = case.threshold, case.found, case.tested, case.worst
    if judged.verdict == NOT_APPLICABLE:  # what was measured is the candidate against itself
        found = Measurement(found.metric, found.class_key, found.requests)
        tested = worst = replace(tested, interval=None, shown=None, n=0, clusters=0)
    shown, least = tested.shown, worst.shown
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
        required_by=asked.whose,
        verdict=judged.verdict,
        reason=judged.reason,
        n=tested.n,
        clusters=tested.clusters,
        baseline=found.baseline,
        candidate=found.candidate,
        estimate=shown.estimate if shown else None,
        low=shown.low if shown else None,
        high=shown.high if shown else None,
        needed=judged.needed,
        unknown=case.unknown,
        worst_low=least.low if least else None,
        worst_high=least.high if least else None,
        unknown_costs=reasons.cost_of_unknown(tested, worst),
    )


def _with_floors(threshold: Threshold) -> Threshold:
    return replace(
        threshold,
        confidence=max(threshold.confidence, GATE_MIN_CONFIDENCE),
        min_samples=max(threshold.min_samples, GATE_MIN_SAMPLES),
    )


def _case(evidence: Evidence, threshold: Threshold) -> _Case:
    found = measured(evidence.known, threshold)
    tested = tested_by(evidence.known, threshold, found)
    unknown = evidence.unknown(threshold.metric, threshold.class_key, tested.n)
    worst = _at_worst(evidence, threshold, unknown) if tested.n and unknown else tested
    return _Case(evidence, threshold, found, tested, worst, unknown)


def _at_worst(evidence: Evidence, threshold: Threshold, unknown: int) -> Tested:
    measures = evidence.at_worst(alone=not threshold.needs_baseline)
    tested = tested_by(measures, threshold, measured(measures, threshold))
    if threshold.metric in PERCENTILES:
        limit = MOST_TIMES_SLOWER if threshold.relative else LONGEST_MS
        return replace(tested, shown=unbounded(tested.shown, limit))
    if threshold.metric != CONCENTRATION:
        return tested
    # Shares of providers move by at most the unknown share, the index by at most twice that.
    sides = 2 if threshold.needs_baseline else 1
    by = 2 * sides * unknown / evidence.known.count(threshold.class_key)
    shown = widened(tested.shown, by)
    return replace(tested, interval=widened(tested.interval, by), shown=shown)


def _verdict(case: _Case, shared: Circumstances) -> _Judged:
    threshold, tested = case.threshold, case.tested
    name = reasons.name_of(threshold)
    if threshold.metric not in MEASURED:
        return _Judged(MISSING, f"{name} cannot be measured by replaying recorded requests.")
    if threshold.needs_baseline and not shared.compares:
        return _Judged(NOT_APPLICABLE, f"{name}: there is no release to compare with.")
    if threshold.needs_baseline and shared.proved_alike:
        verdict = tested.test.verdict(NO_DIFFERENCE)
        return _Judged(verdict, f"{name} does not change: every request is treated alike.")
    if not tested.n:
        return _Judged(MISSING, shared.cause or reasons.nothing(name, case.found))
    thin = _too_thin(case)
    if thin is not None:
        return replace(thin, reason=f"{name}: {thin.reason}")
    if tested.interval is None:
        return _Judged(INCONCLUSIVE, f"{name} has no interval: too few values beyond it.")
    verdict = tested.test.verdict(tested.interval)
    reason = reasons.sentence(threshold, tested, verdict)
    if verdict == PASS:
        return _held(case, reason, shared)
    return _Judged(verdict, reason, is_open=verdict == INCONCLUSIVE)


def _resolvable(case: _Case, own: Threshold, judged: _Judged) -> _Judged:
    """With how many requests would resolve what is open; a fail at the gate's `own` confidence."""
    if not judged.is_open:
        return judged
    needed = _needed(case, own)
    more = needed.requests if needed else None
    return replace(judged, reason=f"{judged.reason} {reasons.resolve(needed)}", needed=more)


def _held(case: _Case, reason: str, shared: Circumstances) -> _Judged:
    """A pass by what is known, which has to rest on something and hold against the unknown."""
    threshold, worst = case.threshold, case.worst
    if threshold.needs_baseline and shared.shortage:
        name = reasons.name_of(threshold)
        return _Judged(INCONCLUSIVE, f"{name}: too few requests are treated differently.")
    if not case.unknown:
        return _Judged(PASS, reason)
    class_key = threshold.class_key
    if threshold.metric in SKEWED and shared.unpriced and case.evidence.never_recorded(class_key):
        return _Judged(INCONCLUSIVE, f"{reason} {reasons.unpriced(shared.unpriced)}")
    alike = case.evidence.shared_unknown(threshold.metric, threshold.class_key)
    if threshold.relative and alike and _asks_for_better(threshold):
        return _Judged(INCONCLUSIVE, f"{reason} {reasons.unknown_base(alike)}")
    holds = worst.interval is not None and worst.test.verdict(worst.interval) == PASS
    said = reasons.at_worst(threshold, case.tested, worst, case.unknown, holds)
    return _Judged(PASS if holds else INCONCLUSIVE, f"{reason} {said}")


def _asks_for_better(threshold: Threshold) -> bool:
    """Whether a comparison asks for more than not getting worse."""
    margin = threshold.signed_margin
    return margin > 0 if METRICS[threshold.metric].better == "higher" else margin < 0


def _too_thin(case: _Case) -> _Judged | None:
    """Why the evidence is too thin whatever it says, and how many requests would do."""
    threshold, tested = case.threshold, case.tested
    if threshold.relative and not case.found.baseline:
        return _Judged(INCONCLUSIVE, reasons.share_of_nothing(threshold))
    wanted = max(threshold.min_samples, _least_for_percentile(threshold.metric))
    if tested.n < wanted:
        return _Judged(
            INCONCLUSIVE,
            f"only {wording.count(tested.n)} requests can be compared; the threshold asks for "
            f"{wording.count(wanted)}.",
            wanted,
        )
    effective = case.evidence.effective_clusters(threshold.class_key)
    clusters = min(tested.clusters, effective)
    if threshold.metric in SKEWED and clusters < FEWEST_COSTS:
        alone = tested.clusters == tested.n
        return _Judged(
            INCONCLUSIVE,
            reasons.too_few_costs(FEWEST_COSTS, clusters, alone),
            FEWEST_COSTS if alone else None,
        )
    if clusters >= MIN_CLUSTERS:
        return None
    return _Judged(
        INCONCLUSIVE,
        f"the requests are worth only {wording.rounded(clusters)} independent conversations; "
        f"an interval needs {MIN_CLUSTERS}.",
    )


def _least_for_percentile(metric: str) -> int:
    """Fewest values whose upper 95 % bound exists: 72 for p95, 368 for p99."""
    return {95: 72, 99: 368}.get(PERCENTILES.get(metric, 0), 0)


def _needed(case: _Case, own: Threshold) -> Needed | None:
    tested = case.tested

    def interval_at(requests: int, towards: str) -> Interval | None:
        threshold = own if towards == FAIL else case.threshold
        more = case.evidence.known.scaled(Fraction(requests, tested.n))
        return tested_by(more, threshold, measured(more, threshold)).interval

    return requests_to_resolve(interval_at, tested.test, tested.n)
