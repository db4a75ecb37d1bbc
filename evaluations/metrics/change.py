"""Change management: how fast, how often and how safely releases come into force.

After the four measures of Forsgren, Humble and Kim, "Accelerate" (2018), from the console's own
records: a failed change is a release that a rollback replaced, and restoring is that rollback.
"""

from __future__ import annotations

import datetime
import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluations.metrics.periods import DAY, Window

HOUR = datetime.timedelta(hours=1)
MONTH = 28 * DAY


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release as it came into force. `drafted_at` is None where no change led to it; for a
    rollback, `replaced_at` is when the release it replaced was published.
    """

    number: int
    at: datetime.datetime
    is_rollback: bool
    drafted_at: datetime.datetime | None = None
    replaced_at: datetime.datetime | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """A change request's wait for its first review."""

    change: int
    submitted_at: datetime.datetime
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class History:
    """All that happened in one environment, oldest first."""

    releases: tuple[ReleaseRecord, ...] = ()
    reviews: tuple[ReviewRecord, ...] = ()

    def within(self, start: datetime.datetime, end: datetime.datetime) -> History:
        return History(
            tuple(entry for entry in self.releases if start <= entry.at < end),
            tuple(entry for entry in self.reviews if start <= entry.at < end),
        )

    @property
    def publications(self) -> list[ReleaseRecord]:
        return [entry for entry in self.releases if not entry.is_rollback]

    @property
    def rollbacks(self) -> list[ReleaseRecord]:
        return [entry for entry in self.releases if entry.is_rollback]


Point = tuple[datetime.datetime, float]


def lead_times(history: History) -> list[Point]:
    """Hours from draft to force, at each publication that came from a change request."""
    return [
        (entry.at, (entry.at - entry.drafted_at) / HOUR)
        for entry in history.publications
        if entry.drafted_at
    ]


def restore_times(history: History) -> list[Point]:
    return [
        (entry.at, (entry.at - entry.replaced_at) / HOUR)
        for entry in history.rollbacks
        if entry.replaced_at
    ]


def review_waits(history: History) -> list[Point]:
    return [(entry.at, (entry.at - entry.submitted_at) / HOUR) for entry in history.reviews]


def _median(points: Iterable[Point]) -> float | None:
    values = [value for _, value in points]
    return statistics.median(values) if values else None


def _failure_rate(history: History, _weeks: float) -> float | None:
    published = len(history.publications)
    return len(history.rollbacks) / published if published else None


# metric → its value from the history of a period and the period's length in weeks.
VALUES: dict[str, Callable[[History, float], float | None]] = {
    "lead_time_hours": lambda history, _: _median(lead_times(history)),
    "change_frequency": lambda history, weeks: len(history.publications) / weeks,
    "change_failure_rate": _failure_rate,
    "time_to_restore_hours": lambda history, _: _median(restore_times(history)),
    "review_latency_hours": lambda history, _: _median(review_waits(history)),
    "rollbacks": lambda history, _: float(len(history.rollbacks)),
}
# Metrics that are drawn as one point for each thing that happened.
EVENTS: dict[str, Callable[[History], list[Point]]] = {
    "lead_time_hours": lead_times,
    "time_to_restore_hours": restore_times,
    "review_latency_hours": review_waits,
}


def value_of(name: str, history: History, window: Window) -> float | None:
    return VALUES[name](history.within(window.start, window.end), window.weeks)


def series_of(
    name: str, history: History, window: Window
) -> list[tuple[datetime.datetime, float | None]]:
    """The metric over time: one point per event, else its value over the four weeks (for
    rollbacks: the bucket) that end with each bucket.
    """
    if name in EVENTS:
        return list(EVENTS[name](history.within(window.start, window.end)))
    length = window.step if name == "rollbacks" else MONTH
    points: list[tuple[datetime.datetime, float | None]] = []
    for start in window.buckets:
        end = start + window.step
        points.append((start, VALUES[name](history.within(end - length, end), length / (7 * DAY))))
    return points


def samples_of(name: str, history: History) -> int:
    """How many happenings a metric's value rests on."""
    if name in EVENTS:
        return len(EVENTS[name](history))
    return len(history.rollbacks if name == "rollbacks" else history.publications)


def replaced(releases: Sequence[tuple[int, datetime.datetime]]) -> dict[int, datetime.datetime]:
    """For each release number but the first: when the one before it was published."""
    ordered = sorted(releases)
    return {number: before for (_, before), (number, _) in itertools.pairwise(ordered)}
