"""Totals → measurements: each metric of each class, with its intervals."""

import math
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from evaluations.replay import concentration
from evaluations.replay.chunk import ChunkStats
from evaluations.replay.latency import Latencies
from evaluations.replay.means import Means
from evaluations.replay.outcome import MEANS, PERCENTILES
from evaluations.replay.tally import ALL_CLASSES
from evaluations.statistics.intervals import Interval
from evaluations.statistics.mcnemar import mcnemar_mid_p

MEASURED = (*MEANS, concentration.METRIC, *PERCENTILES)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One metric of one class, in the metric's unit; None where it cannot be computed.

    `requests`: all of the class; `n` of them have a value on both sides, and `baseline`,
    `candidate`, `difference` and `relative` are over these pairs. `alone` is the candidate over
    every value it has (`alone_n`). `higher`, `lower`: pairs where the candidate's value is so.
    """

    metric: str
    class_key: str
    requests: int
    n: int = 0
    clusters: int = 0
    baseline: float | None = None
    candidate: float | None = None
    difference: Interval | None = None
    relative: Interval | None = None
    alone: Interval | None = None
    alone_n: int = 0
    alone_clusters: int = 0
    higher: int | None = None
    lower: int | None = None


class Measures:
    """Measures the metrics of merged totals; the same totals give the same numbers.

    `attempts`: the most that a chain of either bundle makes.
    """

    def __init__(self, totals: ChunkStats, attempts: int) -> None:
        self.sums: dict[str, Any] = totals["sums"]
        self.attempts = attempts
        self.latencies = Latencies(totals["latency"])
        self._factor = Fraction(1)
        self._known: dict[tuple[str, str], Means] = {}

    def scaled(self, factor: Fraction) -> "Measures":
        """As if `factor` times as many requests had given the same, in as many more clusters."""
        other = copy(self)
        other._factor = factor
        other.latencies = self.latencies.scaled(float(factor))
        return other

    @property
    def classes(self) -> list[str]:
        """All classes together first, then each class of the baseline by name."""
        return sorted(self.sums["classes"], key=lambda key: (key != ALL_CLASSES, key))

    def count(self, class_key: str, what: str = "requests") -> int:
        """Requests of the class: all, or those `unsupported`, `moved` or `rerouted`."""
        return int(self.sums["classes"].get(class_key, {}).get(what, 0))

    def measure(
        self, metric: str, class_key: str, confidence: float = 0.95, *, with_alone: bool = True
    ) -> Measurement | None:
        """The measurement, or None for a metric that a replay cannot measure.

        Without the interval of the candidate alone where nobody asks for it: it takes as long.
        """
        known = Measurement(metric, class_key, self.count(class_key))
        if metric in PERCENTILES:
            return self._percentile(known, confidence, with_alone)
        if metric == concentration.METRIC:
            return self._concentration(known, confidence)
        if metric not in MEANS:
            return None
        means = self._means(metric, class_key)
        return known if means is None else self._mean(known, means, confidence, with_alone)

    def weighted_difference(
        self, metric: str, class_key: str, confidence: float, weight: Fraction
    ) -> Interval | None:
        """Candidate less weight times baseline, whose sign decides a relative margin.

        In the metric's unit; for percentiles log(candidate/baseline) - log(weight) instead.
        """
        if metric in PERCENTILES:
            ratio = self.latencies.log_ratio(PERCENTILES[metric], class_key, confidence)
            return (ratio and weight > 0 and ratio.moved(-math.log(weight))) or None
        means = self._means(metric, class_key)
        return means.combination(confidence, weight) if means and means.n else None

    def mid_p(self, metric: str, class_key: str) -> float | None:
        """McNemar's mid-p of "no difference"; None unless every value is 0 or 1."""
        means = self._means(metric, class_key) if metric in MEANS else None
        if means is None or not means.n or not means.is_binary:
            return None
        higher, lower = means.discordant
        return mcnemar_mid_p(lower, higher)

    def _means(self, metric: str, class_key: str) -> Means | None:
        key = metric, class_key
        if key not in self._known:
            sums = self.sums["metrics"].get(class_key, {}).get(metric)
            if sums is None:
                return None
            self._known[key] = Means(metric, sums, self.attempts)
        return self._known[key].scaled(self._factor)

    def _served(self, class_key: str) -> dict[str, Any] | None:
        served: dict[str, Any] | None = self.sums["concentration"].get(class_key)
        return served and self._times(served)

    def _times(self, sums: Any) -> Any:
        if self._factor == 1:
            return sums
        if isinstance(sums, dict):
            return {key: self._times(value) for key, value in sums.items()}
        return [self._times(x) for x in sums] if isinstance(sums, list) else sums * self._factor

    def _concentration(self, known: Measurement, confidence: float) -> Measurement:
        served = self._served(known.class_key)
        if served is None:
            return known
        n, clusters = served["requests"], served["clusters"]
        return replace(
            known,
            n=int(n),
            clusters=int(clusters),
            baseline=float(concentration.index_of(served, concentration.BASELINE)),
            candidate=float(concentration.index_of(served, concentration.CANDIDATE)),
            difference=concentration.index_interval(served, confidence, against_baseline=True),
            alone=concentration.index_interval(served, confidence),
            alone_n=int(n),
            alone_clusters=int(clusters),
        )

    def _mean(
        self, known: Measurement, means: Means, confidence: float, with_alone: bool
    ) -> Measurement:
        if means.alone_n and with_alone:
            known = replace(
                known,
                alone=means.alone(confidence),
                alone_n=means.alone_n,
                alone_clusters=means.alone_clusters,
            )
        if not means.n:
            return known
        higher, lower = means.discordant
        return replace(
            known,
            n=means.n,
            clusters=means.clusters,
            baseline=means.baseline,
            candidate=means.candidate,
            difference=means.difference(confidence),
            relative=means.relative(confidence),
            higher=higher,
            lower=lower,
        )

    def _percentile(self, known: Measurement, confidence: float, with_alone: bool) -> Measurement:
        percent, class_key = PERCENTILES[known.metric], known.class_key
        if with_alone:
            alone = self.latencies.candidate_alone(percent, class_key, confidence)
            known = replace(
                known, alone=alone.interval, alone_n=alone.n, alone_clusters=alone.clusters
            )
        pairs = self.latencies.paired(percent, class_key, confidence)
        if pairs is None:
            return known
        ratio = self.latencies.log_ratio(percent, class_key, confidence)
        return replace(
            known,
            n=pairs.n,
            clusters=pairs.clusters,
            baseline=pairs.baseline,
            candidate=pairs.candidate,
            difference=pairs.difference,
            relative=ratio and _from_log(ratio),
        )


def _from_log(interval: Interval) -> Interval:
    ratio = math.exp(interval.estimate)
    return Interval(
        ratio - 1,
        ratio * interval.standard_error,
        math.expm1(interval.low),
        math.expm1(interval.high),
    )
