"""Independent requests judged right or wrong: how often a gate passes, without simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache, partial

from evaluations.replay.outcome import NANO
from evaluations.statistics.quantiles import incomplete_beta, student_t_quantile
from evaluations.studies.deciding import Decided, Margin, decide_counted

_NEGLIGIBLE = 1e-7


class Pairs:
    """Of n requests the candidate alone is right in a share `wins`, the baseline in `losses`."""

    def __init__(self, margin: Margin, n: int, wins: float, losses: float) -> None:
        self.margin, self.n, self.wins, self.losses = margin, n, wins, losses
        self._decided = cache(self._decide)

    def passes(self) -> float:
        """How often the gate passes."""
        return self._chance_of(
            partial(self._most_with, lambda won, lost: self._decided(won, lost).passes)
        )

    def passes_by_t(self) -> float:
        """How often it would by Student's t of the differences."""
        return self._chance_of(partial(self._most_with, self._by_t))

    def covers(self) -> float:
        """How often the interval holds the truth."""
        truth = self.wins - self.losses

        def reach(end: int, won: int, lost: int) -> bool:
            return (self._decided(won, lost).interval or (0.0, 0.0))[end] >= truth

        high, low = (
            self._chance_of(partial(self._most_with, partial(reach, end))) for end in (1, 0)
        )
        return high - low

    def _decide(self, won: int, lost: int) -> Decided:
        alike = self.n - won - lost
        counts = [((0, NANO), won), ((NANO, 0), lost), ((NANO, NANO), alike)]
        return decide_counted(self.margin, counts)

    def _by_t(self, won: int, lost: int) -> bool:
        n, mean = self.n, (won - lost) / self.n
        error = math.sqrt(max(won + lost - n * mean * mean, 0.0) / (n - 1) / n)
        return mean - student_t_quantile(0.975, n - 1) * error >= -self.margin.size

    def _chance_of(self, most: Callable[[int], int]) -> float:
        """Of no more losses than `most` allows for so many wins."""
        share = self.losses / (1 - self.wins)
        return math.fsum(
            chance * _at_most(most(won), self.n - won, share) for won, chance in self._all_wins()
        )

    def _all_wins(self) -> Iterator[tuple[int, float]]:
        for won in range(self.n + 1):
            before = _at_most(won - 1, self.n, self.wins)
            chance = _at_most(won, self.n, self.wins) - before
            if chance > _NEGLIGIBLE:
                yield won, chance
            elif before > 0.5:
                return

    def _most_with(self, holds: Callable[[int, int], bool], won: int) -> int:
        """The most losses beside so many wins for which it holds, as it does for fewer; or -1."""
        low, high = -1, 1
        while high <= self.n // 2 and holds(won, high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            if holds(won, middle):
                low = middle
            else:
                high = middle
        return low


def _at_most(k: int, n: int, share: float) -> float:
    """P(X <= k) for X ~ Binomial(n, share)."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n or share <= 0 else incomplete_beta(n - k, k + 1, 1 - share)
