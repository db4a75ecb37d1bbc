"""What a gate is judged on: what is known, and the worst case of what is not."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from evaluations.replay import concentration
from evaluations.replay.chunk import ChunkStats
from evaluations.replay.measures import Measures
from evaluations.replay.unknown import ALONE, PAIRED, assumed_sums
from evaluations.statistics.intervals import Interval


class Evidence:
    """Merged totals, measured as they are known and as they would be at worst.

    `attempts`: the most that a chain of either bundle makes.
    """

    def __init__(self, totals: ChunkStats, attempts: int) -> None:
        self._totals = totals
        self.known = Measures(totals, attempts)

    @cached_property
    def _paired(self) -> Measures:
        return self._assumed(PAIRED)

    @cached_property
    def _alone(self) -> Measures:
        return self._assumed(ALONE)

    def at_worst(self, *, alone: bool) -> Measures:
        """Measures with everything unknown put to the candidate's disadvantage."""
        return self._alone if alone else self._paired

    def _assumed(self, which: str) -> Measures:
        sums: dict[str, Any] = self._totals["sums"]
        complete = [row for row in self._totals["latency"] if None not in row]
        return Measures(
            {
                **self._totals,
                "sums": {**sums, "metrics": assumed_sums(sums, which)},
                "latency": [*complete, *self._totals["assumed_latency"]],
            },
            self.known.attempts,
        )

    def shared_unknown(self, metric: str, class_key: str) -> int:
        """Requests whose value is unknown, and the same, under both bundles."""
        counts: dict[str, int] = self.known.sums["unknown"]["shared"].get(class_key, {})
        return counts.get(metric, 0)

    def unknown(self, metric: str, class_key: str, known: int) -> int:
        """Requests of a class without a value that `known` of them have."""
        if metric == concentration.METRIC:  # a refused request is at no provider, which is known
            return self.never_recorded(class_key)
        return self.known.count(class_key) - known

    def never_recorded(self, class_key: str) -> int:
        """Requests of a class that reach a model of which the dataset has no call for them."""
        return self.known.count(class_key, "unsupported")

    def effective_clusters(self, class_key: str, what: str = "") -> float:
        """(Σn)²/Σn² over the clusters' requests of a class, or over their `moved` ones (Kish)."""
        squares = self.known.count(class_key, f"{what}_squares" if what else "squares")
        return self.known.count(class_key, what or "requests") ** 2 / squares if squares else 0.0


def widened(interval: Interval | None, share: float) -> Interval | None:
    """An interval of an index of concentration whose true value may lie higher by `share`."""
    if interval is None:
        return None
    return Interval(interval.estimate, interval.standard_error, interval.low, interval.high + share)


def unbounded(interval: Interval | None, limit: float) -> Interval | None:
    """An interval without an end on the side where it comes to `limit`, which no call does."""
    if interval is None:
        return None
    low, high = interval.low, interval.high
    return Interval(
        interval.estimate,
        interval.standard_error,
        -math.inf if low <= -limit else low,
        math.inf if high >= limit else high,
    )
