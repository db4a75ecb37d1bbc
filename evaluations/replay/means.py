"""One metric that is a mean over requests, of one class: its values and its intervals.

What interval it takes follows from the kind of its values. Those with a largest value, as all have
but costs: one that keeps its width where the sample holds no difference. Costs: Student's t, and
bootstrap-t where they are skewed. Always over whole clusters.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cached_property, lru_cache

from evaluations.replay import tally
from evaluations.replay.outcome import MEANS, SHARES, SKEWED
from evaluations.statistics.bootstrap import Bootstrap
from evaluations.statistics.bounded import (
    bounded_combination,
    bounded_difference,
    bounded_mean,
    bounded_relative,
)
from evaluations.statistics.intervals import (
    Interval,
    clustered_mean,
    paired_difference,
    relative_change,
)

# Counts of a chain of calls: what one of so many attempts comes to at most.
COUNTS: dict[str, Callable[[int], int]] = {
    "fallback_depth": lambda attempts: attempts - 1,
    "amplification": lambda attempts: attempts,
}


class Means:
    """Measured from a metric's sums; estimates and intervals are in the metric's unit.

    `attempts`: the most that a chain of either bundle makes.
    """

    def __init__(
        self,
        metric: str,
        sums: tally.MetricSums,
        attempts: int,
        factor: Fraction = Fraction(1),
    ) -> None:
        self.metric, self.unit, self.attempts = metric, MEANS[metric], attempts
        most = COUNTS[metric](attempts) if metric in COUNTS else 1
        self._largest = max(1, most) * self.unit
        self.is_binary = tally.is_binary(metric, sums)
        self._sums, self._factor = sums, factor
        self._pairs = tally.paired_sums(sums).times(factor)
        self._alone, squares = tally.one_sided(sums, candidate=True)
        self._alone = self._alone.times(factor)
        self._squares = {size: square * factor for size, square in squares.items()}
        # What is resampled is what was seen; as if of more requests, it is narrowed.
        self._original = self
        self._seen_difference = lru_cache(maxsize=None)(self._find_difference)
        self._seen_change = lru_cache(maxsize=None)(self._find_change)
        self._seen_alone = lru_cache(maxsize=None)(self._find_alone)

    def scaled(self, factor: Fraction) -> "Means":
        """As if `factor` times as many requests had given the same, in as many more clusters."""
        if factor == 1:
            return self
        other = Means(self.metric, self._sums, self.attempts, factor)
        other._original = self
        return other

    @property
    def n(self) -> int:
        """Requests with a value on both sides, which all but the candidate alone rests on."""
        return int(self._pairs.requests)

    @property
    def clusters(self) -> int:
        return int(self._pairs.clusters)

    @property
    def alone_n(self) -> int:
        return int(self._alone.requests)

    @property
    def alone_clusters(self) -> int:
        return int(self._alone.clusters)

    @property
    def baseline(self) -> float:
        return float(Fraction(self._pairs.total_b) / (self._pairs.requests * self.unit))

    @property
    def candidate(self) -> float:
        return float(Fraction(self._pairs.total_c) / (self._pairs.requests * self.unit))

    @property
    def discordant(self) -> tuple[int, int]:
        """Pairs where the candidate's value is higher, and lower."""
        return tally.wins_and_losses(self._sums)

    def difference(self, confidence: float) -> Interval:
        """Candidate less baseline."""
        if self.metric in SKEWED:
            return self._narrowed(self._original._seen_difference(confidence)).scaled(1 / self.unit)
        discordant = self._zero_or_one
        return self._of_largest(
            bounded_difference(self._pairs, self._largest, discordant, confidence)
        )

    def combination(self, confidence: float, weight: Fraction) -> Interval:
        """Candidate less weight times baseline."""
        if self.metric not in SKEWED:
            discordant = self._zero_or_one
            return self._of_largest(
                bounded_combination(self._pairs, self._largest, discordant, confidence, weight)
            )
        change = self.relative(confidence)
        if change is None:
            return paired_difference(self._pairs, confidence, weight).scaled(1 / self.unit)
        return change.moved(float(1 - weight)).scaled(self.baseline)

    def relative(self, confidence: float) -> Interval | None:
        """The change as a share of the baseline; None where that may be zero."""
        if self.metric not in SKEWED:
            return bounded_relative(self._pairs, self._largest, self._zero_or_one, confidence)
        seen = self._original._seen_change(confidence)
        return seen and self._narrowed(seen)

    def alone(self, confidence: float) -> Interval:
        """The candidate's mean."""
        if self.metric in SKEWED:
            return self._narrowed(self._original._seen_alone(confidence)).scaled(1 / self.unit)
        share = self.metric in SHARES
        return self._of_largest(
            bounded_mean(self._alone, self._squares, self._largest, confidence, share=share)
        )

    def _of_largest(self, found: Interval) -> Interval:
        """An interval of values divided by the largest one, in the metric's unit."""
        return found.scaled(self._largest / self.unit)

    @property
    def _zero_or_one(self) -> tuple[Fraction, Fraction] | None:
        if not self.is_binary or self.metric in COUNTS:
            return None
        higher, lower = self.discordant
        return higher * self._factor, lower * self._factor

    @cached_property
    def _resampled(self) -> Bootstrap:
        return Bootstrap(tally.each_pair(self._sums))

    @cached_property
    def _resampled_alone(self) -> Bootstrap:
        return Bootstrap(tally.each_alone(self._sums))

    def _find_difference(self, confidence: float) -> Interval:
        plain = paired_difference(self._pairs, confidence)
        return self._resampled.widened(plain, Fraction(1), confidence)

    def _find_change(self, confidence: float) -> Interval | None:
        fieller = relative_change(self._pairs, confidence)
        return fieller and self._resampled.widened_change(fieller, confidence)

    def _find_alone(self, confidence: float) -> Interval:
        plain = clustered_mean(self._alone, confidence)
        return self._resampled_alone.widened(plain, Fraction(0), confidence)

    def _narrowed(self, found: Interval) -> Interval:
        """An interval of what was seen, as so many requests would have it."""
        return found if self._factor == 1 else found.narrowed(math.sqrt(self._factor))
