"""What a gate says of made-up samples: through the sums, intervals and limits of every run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.replay import concentration, judgement
from evaluations.replay.evidence import Evidence
from evaluations.replay.judgement import Circumstances
from evaluations.replay.merge import add
from evaluations.replay.outcome import NANO, PERCENTILES
from evaluations.replay.tally import ALL_CLASSES, MetricSums, add_values, empty_metric
from evaluations.replay.unknown import ALONE, KNOWN, PAIRED
from evaluations.statistics.gates import PASS
from policies.engine import METRICS
from policies.engine.thresholds import Threshold

Cluster = Sequence[tuple[int, int]]  # (baseline, candidate) of each request
Pair = tuple[int | None, int | None]
ATTEMPTS = 4  # of a chain, as a policy has them that does not say how many
ENOUGH = Circumstances(compares=True, proved_alike=False, shortage="", cause="")


@dataclass(frozen=True, slots=True)
class Margin:
    """A non-inferiority gate: a metric with what it may get worse by, at 95 % confidence.

    `alone`: the candidate itself may come to `size` at most.
    """

    metric: str
    size: float
    relative: bool = False
    alone: bool = False

    @property
    def threshold(self) -> Threshold:
        """As a policy would ask for it, from 30 requests."""
        metric = METRICS[self.metric]
        return Threshold(
            id="gate",
            layer=metric.layer,
            metric=metric.name,
            comparison="absolute" if self.alone else "non_inferiority",
            op=metric.ops[0],
            effect="gate",
            value=self.size if self.alone else None,
            margin=None if self.alone else self.size,
            relative=self.relative,
            min_samples=30,
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether the gate passes, and the interval it shows; None where it has none."""

    passes: bool
    interval: tuple[float, float] | None


def decide(margin: Margin, clusters: Sequence[Cluster]) -> Decided:
    """The gate's word on one sample, in clusters. Providers are numbers, too."""
    sizes = [len(pairs) for pairs in clusters]
    if margin.metric in PERCENTILES:
        rows = [[g, ALL_CLASSES, b, c] for g, pairs in enumerate(clusters) for b, c in pairs]
        return _decide(margin, {"latency": rows}, sizes)
    if margin.metric == concentration.METRIC:
        tally = concentration.Concentration()
        for pairs in clusters:
            tally.add_cluster([(ALL_CLASSES, str(b), str(c)) for b, c in pairs])
        return _decide(margin, {"concentration": tally.as_json()}, sizes)
    sums = empty_metric()
    for pairs in clusters:
        add_values(margin.metric, sums, *zip(*pairs, strict=True))
    return _decide(margin, _of_mean(margin, sums, sums), sizes)


def decide_counted(margin: Margin, counts: Iterable[tuple[Pair, int]]) -> Decided:
    """The same of so many independent requests with each pair of qualities.

    One that is unknown is at worst 1 under the baseline, and 0 under the candidate.
    """
    known, worst, n = empty_metric(), empty_metric(), 0
    for (b, c), times in counts:
        known = add(known, _times(_one(margin.metric, b, c), times))
        at_worst = _one(margin.metric, NANO if b is None else b, c or 0)
        worst = add(worst, _times(at_worst, times))
        n += times
    return _decide(margin, _of_mean(margin, known, worst), [1] * n)


def _one(metric: str, b: int | None, c: int | None) -> MetricSums:
    sums = empty_metric()
    add_values(metric, sums, (b,), (c,))
    return sums


def _times(sums: Any, times: int) -> Any:
    if isinstance(sums, dict):
        return {key: _times(value, times) for key, value in sums.items()}
    return [x * times for x in sums] if isinstance(sums, list) else sums * times


def _of_mean(margin: Margin, known: MetricSums, worst: MetricSums) -> dict[str, Any]:
    by_class = {name: {ALL_CLASSES: {margin.metric: sums}}
                for name, sums in ((KNOWN, known), (PAIRED, worst), (ALONE, worst))}  # fmt: skip
    return {"metrics": by_class[KNOWN], "unknown": {**by_class, "shared": {}}}


def _decide(margin: Margin, found: dict[str, Any], sizes: Sequence[int]) -> Decided:
    """`found`: the sums of the metric, under their name, or its latencies."""
    counts = {"requests": sum(sizes), "squares": sum(size * size for size in sizes)}
    sums = {
        "classes": {ALL_CLASSES: counts},
        "metrics": {},
        "unknown": {"shared": {}},
        "concentration": {},
        **found,
    }
    latency = found.get("latency", [])
    evidence = Evidence({"sums": sums, "latency": latency, "assumed_latency": []}, ATTEMPTS)
    verdict, shown = judgement.decide(evidence, margin.threshold, ENOUGH)
    return Decided(verdict == PASS, (shown.low, shown.high) if shown else None)
