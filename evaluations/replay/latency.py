"""Latency percentiles of both sides, exact, from every request's latency."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from evaluations.replay.tally import ALL_CLASSES
from evaluations.statistics.intervals import Interval
from evaluations.statistics.paired_percentiles import PairedPercentiles, paired_percentiles
from evaluations.statistics.percentiles import percentile

_PER_MS = 1000


@dataclass(frozen=True, slots=True)
class Alone:
    """The candidate's percentile over every latency it has, in ms; None without bounds."""

    interval: Interval | None
    n: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Paired:
    """Both sides' percentile over requests with both latencies, in ms."""

    n: int
    clusters: int
    baseline: float
    candidate: float
    difference: Interval | None


class Latencies:
    """Rows of [cluster, class, baseline µs or None, candidate µs or None]."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._by_class: dict[str, list[tuple[Hashable, int | None, int | None]]] = defaultdict(list)
        for cluster, class_key, before, after in rows:
            for key in (ALL_CLASSES, class_key):
                self._by_class[key].append((cluster, before, after))
        self._pairs = lru_cache(maxsize=None)(self._find_pairs)
        self._percentiles = lru_cache(maxsize=None)(self._find_percentiles)
        self._alone = lru_cache(maxsize=None)(self._find_alone)
        self._narrower = 1.0

    def scaled(self, factor: float) -> "Latencies":
        """As if `factor` times as many requests had been seen: errors shrink by its root."""
        other = copy(self)
        other._narrower = math.sqrt(factor)
        return other

    def _find_pairs(self, class_key: str) -> tuple[list[Hashable], list[int], list[int]]:
        clusters: list[Hashable] = []
        before: list[int] = []
        after: list[int] = []
        for cluster, b, c in self._by_class.get(class_key, ()):
            if b is not None and c is not None:
                clusters.append(cluster)
                before.append(b)
                after.append(c)
        return clusters, before, after

    def paired(self, percent: int, class_key: str, confidence: float) -> Paired | None:
        """Both sides and their difference; None when no request has both latencies."""
        clusters, *_ = self._pairs(class_key)
        if not clusters:
            return None
        found = self._percentiles(percent, class_key, confidence)
        difference = found.difference and found.difference.scaled(1 / _PER_MS)
        return Paired(
            n=len(clusters),
            clusters=len(set(clusters)),
            baseline=found.baseline / _PER_MS,
            candidate=found.candidate / _PER_MS,
            difference=difference and difference.narrowed(self._narrower),
        )

    def log_ratio(self, percent: int, class_key: str, confidence: float) -> Interval | None:
        """log(candidate / baseline); None without bounds, or when a bound is not above zero."""
        if not self._pairs(class_key)[0]:
            return None
        found = self._percentiles(percent, class_key, confidence).log_ratio
        return found and found.narrowed(self._narrower)

    def _find_percentiles(
        self, percent: int, class_key: str, confidence: float
    ) -> PairedPercentiles:
        clusters, before, after = self._pairs(class_key)
        return paired_percentiles(before, after, clusters, Fraction(percent, 100), confidence)

    def candidate_alone(self, percent: int, class_key: str, confidence: float) -> Alone:
        """The candidate's percentile by itself."""
        found = self._alone(percent, class_key, confidence)
        narrower = found.interval and found.interval.narrowed(self._narrower)
        return replace(found, interval=narrower)

    def _find_alone(self, percent: int, class_key: str, confidence: float) -> Alone:
        rows = [(g, c) for g, _, c in self._by_class.get(class_key, ()) if c is not None]
        if not rows:
            return Alone(None, 0, 0)
        clusters = [g for g, _ in rows]
        found = percentile([c for _, c in rows], clusters, Fraction(percent, 100), confidence)
        interval = None
        if found.low is not None and found.high is not None and found.standard_error is not None:
            exact = Interval(found.value, found.standard_error, found.low, found.high)
            interval = exact.scaled(1 / _PER_MS)
        return Alone(interval, len(rows), len(set(clusters)))
