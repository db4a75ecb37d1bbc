"""Merged totals → the report of a shadow evaluation: canonical JSON, the same from any chunks."""

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from evaluations.replay.chunk import ChunkStats, Plan
from evaluations.replay.evidence import Evidence
from evaluations.replay.headline import headline, no_common_models, overall
from evaluations.replay.judgement import Circumstances, judge
from evaluations.replay.measures import MEASURED, Measurement, Measures
from evaluations.replay.outcome import NANO
from evaluations.replay.required import loosened_thresholds, required
from evaluations.replay.support import Support, shortage, supported
from evaluations.replay.tally import ALL_CLASSES
from evaluations.statistics.intervals import Interval
from policies.engine import METRICS, canonical_bytes, digest

EVALUATOR = "3"  # part of a run's identity: raise it when the same input would give other figures
# Evaluators whose reports have all that the page of a report shows; others are kept as they are.
SHOWN = frozenset({"2", EVALUATOR})
NOTES = (
    "Latencies are as recorded: a candidate that shifts load to another model would see other "
    "ones.",
    "Where a chain calls a model more often than it was recorded, the last recorded call stands "
    "for the further ones: a retry of a failure then fails again.",
)


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report: its text is what is stored, its digest what approvals are bound to."""

    body: dict[str, Any]

    @property
    def text(self) -> str:
        """Canonical JSON (RFC 8785)."""
        return canonical_bytes(self.body).decode()

    @property
    def digest(self) -> str:
        """sha256:<hex> of the canonical text."""
        return digest(self.body)


def build_report(
    totals: ChunkStats, plan: Plan, minimum: Support, identity: dict[str, Any], look: int = 0
) -> Report:
    """The report of merged chunks. `identity` names dataset, bundles and settings; `look` is which
    look at a sealed share it is.
    """
    evidence = Evidence(totals, plan.attempts)
    measures, support = evidence.known, supported(plan, evidence, minimum)
    circumstances = Circumstances(
        compares=plan.compares,
        proved_alike=support.proved_alike,
        shortage=shortage(support),
        cause=no_common_models(plan),
        unpriced=plan.costs.unpriced,
        look=look,
    )
    gates = judge(evidence, required(plan, support.proved_alike), circumstances)
    loosened = loosened_thresholds(plan)
    body = {
        "schema": 1,
        "evaluator": EVALUATOR,
        "identity": identity,
        "verdict": overall(gates, support),
        "reasons": headline(gates, support, loosened, circumstances.cause),
        "notes": list(NOTES),
        "support": support.as_json(),
        "first_release": not plan.compares,
        "loosened": loosened,
        "gates": [gate.as_json() for gate in gates],
        "counts": _counts(measures),
        "metrics": _metrics(measures),
        "classes": _classes(measures),
        "moves": _moves(measures.sums["moves"]),
        "sides": measures.sums["sides"],
        "plane": _plane(measures, plan.pool),
        "examples": totals["examples"],
    }
    return Report(_rounded(body))


def _counts(measures: Measures) -> dict[str, Any]:
    names = ("requests", "unsupported", "moved", "rerouted")
    counts = {name: measures.count(ALL_CLASSES, name) for name in names}
    return {**counts, "clusters": measures.sums["clusters"]}


def _metrics(measures: Measures) -> list[dict[str, Any]]:
    """Every metric of every class."""
    return [
        _metric_row(found, measures)
        for metric in MEASURED
        for key in measures.classes
        if (found := measures.measure(metric, key))
    ]


def _metric_row(found: Measurement, measures: Measures) -> dict[str, Any]:
    row = asdict(found)
    row["class"] = row.pop("class_key")
    mid_p = measures.mid_p(found.metric, found.class_key)
    return {**row, "mid_p": mid_p, "direction": _direction(found)}


def _direction(found: Measurement) -> str:
    """better, worse, same (nothing differs) or unclear (the interval holds zero)."""
    interval = found.difference
    if interval is None:
        return "unknown"
    if interval.low <= 0 <= interval.high:
        return "same" if interval.low == interval.high == 0 else "unclear"
    higher_is_better = METRICS[found.metric].better == "higher"
    return "better" if (interval.low > 0) == higher_is_better else "worse"


def _classes(measures: Measures) -> dict[str, Any]:
    return {"counts": measures.sums["classes"], "moves": measures.sums["class_moves"]}


def _moves(moves: dict[str, dict[str, list[int]]]) -> list[dict[str, Any]]:
    """Who moves from which model to which; most requests first. Costs in USD per request."""
    rows = [
        {
            "from": before or None,
            "to": after or None,
            "requests": sums[0],
            "cost_from": _mean(sums[2], sums[1]),
            "cost_to": _mean(sums[3], sums[1]),
            "quality_from": _mean(sums[5], sums[4]),
            "quality_to": _mean(sums[6], sums[4]),
        }
        for before, targets in moves.items()
        for after, sums in targets.items()
    ]
    return sorted(rows, key=lambda r: (-r["requests"], r["from"] or "", r["to"] or ""))


def _plane(measures: Measures, pool: tuple[str, ...]) -> dict[str, Any]:
    """Points of the cost–quality plane: USD per request and mean quality."""
    plane = measures.sums["plane"]
    models = [
        {
            "model": name,
            "n": sums[0],
            "quality": _mean(sums[1], sums[0]),
            "cost": _mean(sums[3], sums[2]),
            "n_cost": sums[2],
            "errors": sums[4],
        }
        for name, sums in sorted(plane["models"].items())
    ]
    n, quality, cost, adequate = plane["oracle"]
    chosen = [plane["models"][name] for name in pool if name in plane["models"]] if n else []
    return {
        "models": models,
        "best_single": _best_single(models),
        "random": _random(chosen),
        "oracle": {"quality": _mean(quality, n), "cost": _mean(cost, n), "adequate": adequate}
        if n
        else None,
        "baseline": _point(measures, "baseline"),
        "candidate": _point(measures, "candidate"),
    }


def _best_single(models: list[dict[str, Any]]) -> str | None:
    """The model of highest mean quality; of equals the cheaper, then the first by name."""
    known = [m for m in models if m["quality"] is not None]
    if not known:
        return None
    best = min(known, key=lambda m: (-m["quality"], _or_infinity(m["cost"]), m["model"]))
    return str(best["model"])


def _or_infinity(value: float | None) -> float:
    return math.inf if value is None else value


def _random(models: list[list[int]]) -> dict[str, Any] | None:
    if not models or not all(sums[0] and sums[2] for sums in models):
        return None
    quality = sum((Fraction(s[1], s[0]) for s in models), Fraction(0)) / len(models)
    cost = sum((Fraction(s[3], s[2]) for s in models), Fraction(0)) / len(models)
    return {"quality": float(quality / NANO), "cost": float(cost / NANO), "models": len(models)}


def _point(measures: Measures, side: str) -> dict[str, Any]:
    found = {
        name: measures.measure(name, ALL_CLASSES) for name in ("mean_quality", "mean_cost_usd")
    }
    quality, cost = (getattr(m, side) if m else None for m in found.values())
    return {"quality": quality, "cost": cost}


def _mean(total: int, count: int) -> float | None:
    return float(Fraction(total, count * NANO)) if count else None


def _rounded(value: Any) -> Any:
    """Floats to twelve significant digits, so that no platform's last bit shows."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, Interval):
        return _rounded(asdict(value))
    if isinstance(value, float):
        return (float(f"{value:.12g}") or 0.0) if math.isfinite(value) else None
    return value
