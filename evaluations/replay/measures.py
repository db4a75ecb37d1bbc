"""Totals → measurements: each metric of each class, with its intervals."""

import math
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from evaluations.replay import concentration
from evaluations.replay.chunk import ChunkStats
from evaluations.replay.latency import Latencies
from evaluations.replay.outcome import MEANS, PERCENTILES, SHARES
from evaluations.replay.tally import (
    ALL_CLASSES,
    MetricSums,
    is_binary,
    one_sided,
    paired_sums,
    wins_and_losses,
)
from evaluations.statistics.bounded import (
    bounded_combination,
    bounded_difference,
    bounded_mean,
    bounded_relative,
)
from evaluations.statistics.clusters import ClusterSums, PairedSums
from evaluations.statistics.intervals import (
    Interval,
    clustered_mean,
    paired_difference,
    relative_change,
)
from evaluations.statistics.mcnemar import mcnemar_mid_p

MEASURED = (*MEANS, concentration.METRIC, *PERCENTILES)
# Metrics whose values lie between 0 and 1, so that one request cannot differ by more than 1.
BOUNDED = SHARES | {"mean_quality"}
# Small whole numbers, of which a sample may hold none that differs.
COUNTS = ("fallback_depth", "amplification")


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
    """Measures the metrics of merged totals; the same totals give the same numbers."""

    def __init__(self, totals: ChunkStats) -> None:
        self.sums: dict[str, Any] = totals["sums"]
        self.latencies = Latencies(totals["latency"])
        self._factor = Fraction(1)

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

    def measure(self, metric: str, class_key: str, confidence: float = 0.95) -> Measurement | None:
        """The measurement, or None for a metric that a replay cannot measure."""
        known = Measurement(metric, class_key, self.count(class_key))
        if metric in PERCENTILES:
            return self._percentile(known, confidence)
        if metric == concentration.METRIC:
            return self._concentration(known, confidence)
        if metric not in MEANS:
            return None
        sums = self._sums(metric, class_key)
        return known if sums is None else self._mean(known, sums, confidence)

    def weighted_difference(
        self, metric: str, class_key: str, confidence: float, weight: Fraction
    ) -> Interval | None:
        """Candidate less weight times baseline, whose sign decides a relative margin.

        In the metric's unit; for percentiles log(candidate/baseline) - log(weight) instead.
        """
        if metric in PERCENTILES:
            ratio = self.latencies.log_ratio(PERCENTILES[metric], class_key, confidence)
            return (ratio and weight > 0 and ratio.moved(-math.log(weight))) or None
        sums = self._sums(metric, class_key)
        if sums is None or not paired_sums(sums).requests:
            return None
        return _combination(metric, sums, confidence, weight)

    def mid_p(self, metric: str, class_key: str) -> float | None:
        """McNemar's mid-p of "no difference"; None unless every value is 0 or 1."""
        sums = self._sums(metric, class_key) if metric in MEANS else None
        if sums is None or not paired_sums(sums).requests or not is_binary(metric, sums):
            return None
        higher, lower = wins_and_losses(sums)
        return mcnemar_mid_p(lower, higher)

    def _sums(self, metric: str, class_key: str) -> MetricSums | None:
        sums: MetricSums | None = self.sums["metrics"].get(class_key, {}).get(metric)
        return sums and self._times(sums)

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
            difference=concentration.index_interval(served, confidence, weight=Fraction(1)),
            alone=concentration.index_interval(served, confidence),
            alone_n=int(n),
            alone_clusters=int(clusters),
        )

    def _mean(self, known: Measurement, sums: MetricSums, confidence: float) -> Measurement:
        pairs, (lone, squares) = paired_sums(sums), one_sided(sums, candidate=True)
        if lone.requests:
            known = replace(
                known,
                alone=_mean_alone(known.metric, lone, squares, confidence),
                alone_n=int(lone.requests),
                alone_clusters=int(lone.clusters),
            )
        return _paired_mean(known, sums, pairs, confidence) if pairs.requests else known

    def _percentile(self, known: Measurement, confidence: float) -> Measurement:
        percent, class_key = PERCENTILES[known.metric], known.class_key
        alone = self.latencies.candidate_alone(percent, class_key, confidence)
        known = replace(known, alone=alone.interval, alone_n=alone.n, alone_clusters=alone.clusters)
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


def _paired_mean(
    known: Measurement, sums: MetricSums, pairs: PairedSums, confidence: float
) -> Measurement:
    metric, unit = known.metric, MEANS[known.metric]
    higher, lower = wins_and_losses(sums)
    return replace(
        known,
        n=int(pairs.requests),
        clusters=int(pairs.clusters),
        baseline=float(Fraction(pairs.total_b) / (pairs.requests * unit)),
        candidate=float(Fraction(pairs.total_c) / (pairs.requests * unit)),
        difference=_difference(metric, sums, pairs, confidence),
        relative=_relative(metric, sums, pairs, confidence),
        higher=higher,
        lower=lower,
    )


def _discordant(metric: str, sums: MetricSums) -> tuple[int, int] | None:
    return wins_and_losses(sums) if is_binary(metric, sums) else None


def _difference(metric: str, sums: MetricSums, pairs: PairedSums, confidence: float) -> Interval:
    if metric in COUNTS:
        return bounded_difference(pairs, MEANS[metric], None, confidence)
    if metric not in BOUNDED:
        return paired_difference(pairs, confidence).scaled(1 / MEANS[metric])
    return bounded_difference(pairs, MEANS[metric], _discordant(metric, sums), confidence)


def _relative(
    metric: str, sums: MetricSums, pairs: PairedSums, confidence: float
) -> Interval | None:
    if metric not in BOUNDED:
        return relative_change(pairs, confidence)
    return bounded_relative(pairs, MEANS[metric], _discordant(metric, sums), confidence)


def _combination(metric: str, sums: MetricSums, confidence: float, weight: Fraction) -> Interval:
    pairs, unit = paired_sums(sums), MEANS[metric]
    if metric not in BOUNDED:
        return paired_difference(pairs, confidence, weight).scaled(1 / unit)
    return bounded_combination(pairs, unit, _discordant(metric, sums), confidence, weight)


def _mean_alone(
    metric: str, lone: ClusterSums, squares: dict[int, int], confidence: float
) -> Interval:
    unit = MEANS[metric]
    if metric not in BOUNDED:
        return clustered_mean(lone, confidence).scaled(1 / unit)
    return bounded_mean(lone, squares, unit, confidence, share=metric in SHARES)


def _from_log(interval: Interval) -> Interval:
    ratio = math.exp(interval.estimate)
    return Interval(
        ratio - 1,
        ratio * interval.standard_error,
        math.expm1(interval.low),
        math.expm1(interval.high),
    )
