"""A threshold's quantity as it was measured, and the limit that it is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from evaluations.replay.measures import Measurement, Measures
from evaluations.statistics.gates import Limit
from evaluations.statistics.intervals import Interval
from policies.engine.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Tested:
    """What is held against the limit (`interval`), and what is shown (`shown`, `limit`)."""

    scale: str
    limit: float
    test: Limit
    interval: Interval | None
    shown: Interval | None
    n: int
    clusters: int

    def bound(self) -> float | None:
        """The end of the shown interval that decides; None where it has none."""
        if self.shown is None:
            return None
        end = self.shown.low if self.test.op in ("gte", "gt") else self.shown.high
        return end if math.isfinite(end) else None


def measured(measures: Measures, threshold: Threshold) -> Measurement:
    """The threshold's metric and class at its confidence; empty where nothing measures it."""
    metric, class_key = threshold.metric, threshold.class_key
    with_alone = not threshold.needs_baseline
    found = measures.measure(metric, class_key, threshold.confidence, with_alone=with_alone)
    return found or Measurement(metric, class_key, measures.count(class_key))


def tested_by(measures: Measures, threshold: Threshold, found: Measurement) -> Tested:
    """What of a measurement the threshold asks about."""
    if not threshold.needs_baseline:
        limit = float(threshold.value or 0)
        test, alone = Limit(threshold.op, limit), found.alone
        n, clusters = found.alone_n, found.alone_clusters
        return Tested("value", limit, test, alone, alone, n, clusters)
    margin = threshold.signed_margin
    n, clusters = found.n, found.clusters
    if not threshold.relative:
        shown = found.difference
        return Tested("difference", margin, Limit(threshold.op, margin), shown, shown, n, clusters)
    weight = 1 + Fraction(margin)
    interval = measures.weighted_difference(
        threshold.metric, threshold.class_key, threshold.confidence, weight
    )
    shown = found.relative
    return Tested("relative", margin, Limit(threshold.op, 0.0), interval, shown, n, clusters)
