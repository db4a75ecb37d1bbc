"""The error of a change between two periods whose days hang together.

A bad day is often followed by another, so days are no independent draws, and a week of them is too
short to estimate how far they are not. It is therefore assumed: days k apart correlate by
`CARRIED`^k. Under that, the spread of the paired day differences understates the variance of their
mean by a known factor, and is itself as uncertain as one of fewer days: its degrees of freedom by
Satterthwaite (Biometrics 2, 1946), as for any quadratic form of correlated normals. Where days are
independent, this is wider than it need be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evaluations.statistics.quantiles import student_t_cdf, student_t_quantile

WEEK = 7
# A change is told from no fewer days, one of each weekday.
FEWEST_DAYS = WEEK
CARRIED = 0.7


@dataclass(frozen=True, slots=True)
class Dependence:
    """`factor` times the standard error of independent days is that of dependent ones, which is
    known with `degrees` of freedom.
    """

    factor: float
    degrees: float


@lru_cache(maxsize=64)
def dependence(days: int) -> Dependence:
    """For the mean of differences of so many days to those a whole number of weeks before.

    With Ω their correlation and M the centring matrix: the variance of the mean is 1'Ω1/n², and
    the usual s²/n has the mean tr(MΩ)/(n(n-1)) and tr(MΩ)²/tr(MΩMΩ) degrees of freedom.
    """
    covariances = _covariances(days)
    rows = [math.fsum(row) for row in covariances]
    everything = math.fsum(rows)
    trace = days * covariances[0][0] - everything / days
    squares = math.fsum(value * value for row in covariances for value in row)
    twice = squares - 2 / days * math.fsum(r * r for r in rows) + (everything / days) ** 2
    expected = trace / (days * (days - 1))
    return Dependence(math.sqrt(everything / days**2 / expected), trace**2 / twice)


def _covariances(days: int) -> list[list[float]]:
    """Of the differences of days at i and at i - lag, in units of a day's variance."""
    lag = WEEK * math.ceil(days / WEEK)
    by_distance = [
        2 * CARRIED**apart - CARRIED ** (lag + apart) - CARRIED ** abs(lag - apart)
        for apart in range(days)
    ]
    return [[by_distance[abs(i - j)] for j in range(days)] for i in range(days)]


@dataclass(frozen=True, slots=True)
class Change:
    """A change with the standard error of dependent days; `slack` is what the measure itself may
    be off by whatever the days say, such as the width of a histogram's bins.
    """

    estimate: float
    error: float
    degrees: float
    slack: float = 0.0

    @property
    def p(self) -> float:
        """Two-sided p of no change beyond the slack."""
        beyond = max(0.0, abs(self.estimate) - self.slack)
        if self.error == 0:
            return 0.0 if beyond else 1.0
        return 2 * student_t_cdf(-beyond / self.error, self.degrees)

    def half_width(self, confidence: float) -> float:
        """Of the interval around the estimate, which holds 0 exactly where p > 1 - confidence."""
        critical = student_t_quantile((1 + confidence) / 2, self.degrees) if self.error else 0.0
        return critical * self.error + self.slack


def residuals(pairs: Sequence[tuple[int, int]]) -> list[float]:
    """What each day adds to the error of a ratio ΣS/Σn, from its (S, n).

    Each is divided by the square root of 1 - n/Σn, as a day that is much of the whole draws the
    ratio towards itself (the CR2 correction of Bell and McCaffrey, 2002); days of one size give
    the usual n/(n-1).
    """
    total = sum(value for value, _ in pairs)
    everything = sum(n for _, n in pairs)
    return [
        (value * everything - total * n) / everything**2 / math.sqrt(1 - n / everything)
        if n < everything
        else 0.0
        for value, n in pairs
    ]


def effective_days(sizes: Sequence[int]) -> float:
    """(Σn)²/Σn²: as many days of one size tell as much as these of unequal ones."""
    squares = sum(n * n for n in sizes)
    return sum(sizes) ** 2 / squares if squares else 0.0


def paired_error(now: Sequence[float], before: Sequence[float], days: int) -> float:
    """The standard error of a difference, from the residuals of each day and of its pair.

    `days` counts the pairs of which both have requests; a day without any has the residual 0.
    """
    spread = math.fsum((a - b) ** 2 for a, b in zip(now, before, strict=True))
    return dependence(days).factor * math.sqrt(spread)
