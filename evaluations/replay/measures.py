"""Totals → measurements: each metric of each class, with its intervals."""

import math
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
from evaluations.statistics.bounded import bounded_difference, bounded_mean
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
    mid_p: float | None = None
    higher: int | None = None
    lower: int | None = None


class Measures:
    """Measures the metrics of merged totals; the same totals give the same numbers."""

    def __init__(self, totals: ChunkStats) -> None:
        self.sums: dict[str, Any] = totals["sums"]
        self.latencies = Latencies(totals["latency"])

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
        interval = paired_difference(paired_sums(sums), confidence, weight)
        return interval.scaled(1 / MEANS[metric])

    def _sums(self, metric: str, class_key: str) -> MetricSums | None:
        sums: MetricSums | None = self.sums["metrics"].get(class_key, {}).get(metric)
        return sums

    def _served(self, class_key: str) -> dict[str, Any] | None:
        served: dict[str, Any] | None = self.sums["concentration"].get(class_key)
        return served

    def _concentration(self, known: Measurement, confidence: float) -> Measurement:
        served = self._served(known.class_key)
        if served is None:
            return known
        n, clusters = served["requests"], served["clusters"]
        return replace(
            known,
            n=n,
            clusters=clusters,
            baseline=float(concentration.index_of(served, concentration.BASELINE)),
            candidate=float(concentration.index_of(served, concentration.CANDIDATE)),
            difference=concentration.index_interval(served, confidence, weight=Fraction(1)),
            alone=concentration.index_interval(served, confidence),
            alone_n=n,
            alone_clusters=clusters,
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
        relative=relative_change(pairs, confidence),
        mid_p=mcnemar_mid_p(lower, higher) if is_binary(metric, sums) else None,
        higher=higher,
        lower=lower,
    )


def _difference(metric: str, sums: MetricSums, pairs: PairedSums, confidence: float) -> Interval:
    unit = MEANS[metric]
    if metric not in BOUNDED:
        return paired_difference(pairs, confidence).scaled(1 / unit)
    discordant = wins_and_losses(sums) if is_binary(metric, sums) else None
    return bounded_difference(pairs, unit, discordant, confidence)


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
