"""Change management: how fast, how often and how safely releases come into force.

After the four measures of Forsgren, Humble and Kim, "Accelerate" (2018), from the console's own
records. A publication failed when it had to be undone or repaired, whenever that was: when a
rollback or a break-glass release replaced it, when the publication after it put a component back
to what it was before, or when one that came later was published as its repair.
"""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from evaluations.metrics.periods import Window

HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release as it came into force. `drafted_at` is None where no change led to it; `content`
    identifies the version of each component; `repairs` is the number of the release that its
    change request says it repairs. `restored_at`: when what a failed publication had done was
    undone or repaired, as `with_fates` finds it.
    """

    number: int
    at: datetime.datetime
    is_rollback: bool = False
    is_break_glass: bool = False
    content: tuple[int, ...] = ()
    drafted_at: datetime.datetime | None = None
    repairs: int | None = None
    restored_at: datetime.datetime | None = None


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

    @property
    def publications(self) -> list[ReleaseRecord]:
        return [entry for entry in self.releases if not entry.is_rollback]


def with_fates(releases: Sequence[ReleaseRecord]) -> tuple[ReleaseRecord, ...]:
    """All releases of an environment, oldest first, with `restored_at` of the failed ones."""
    repaired: dict[int, datetime.datetime] = {}
    for release in releases:
        if release.repairs is not None:
            repaired.setdefault(release.repairs, release.at)
    return tuple(
        replace(release, restored_at=_restored_at(releases, place, repaired.get(release.number)))
        for place, release in enumerate(releases)
    )


def _restored_at(
    releases: Sequence[ReleaseRecord], place: int, repaired_at: datetime.datetime | None
) -> datetime.datetime | None:
    """When a publication was undone, or repaired if that was sooner; None while it was neither."""
    if releases[place].is_rollback:
        return None
    moments = [moment for moment in (_undone_at(releases, place), repaired_at) if moment]
    return min(moments, default=None)


def _undone_at(releases: Sequence[ReleaseRecord], place: int) -> datetime.datetime | None:
    """When what came directly after a publication undid it; None if that left it standing.

    Rollbacks that follow one another go on undoing it, until one brings its content back.
    """
    release, after = releases[place], releases[place + 1 : place + 2]
    if not after:
        return None
    if after[0].is_rollback:
        return _last_undoing(release, releases[place + 1 :])
    # Breaking the glass is for what is in force, unless it says that it is for something else.
    hurried = after[0].is_break_glass and after[0].repairs is None
    taken_back = place > 0 and _takes_back(after[0], release, releases[place - 1])
    return after[0].at if hurried or taken_back else None


def _last_undoing(
    release: ReleaseRecord, later: Iterable[ReleaseRecord]
) -> datetime.datetime | None:
    undone = None
    for entry in later:
        if not entry.is_rollback or entry.content == release.content:
            break
        undone = entry.at
    return undone


def _takes_back(after: ReleaseRecord, release: ReleaseRecord, before: ReleaseRecord) -> bool:
    """Whether a component that a release changed was put back by the one after it."""
    versions = zip(before.content, release.content, after.content, strict=True)
    return any(was != changed and again == was for was, changed, again in versions)


Point = tuple[datetime.datetime, float]


def lead_times(history: History, window: Window) -> list[Point]:
    """Hours from draft to force, at each publication that came from a change request."""
    return [
        (entry.at, (entry.at - entry.drafted_at) / HOUR)
        for entry in history.publications
        if entry.drafted_at and window.holds(entry.at)
    ]


def restore_times(history: History, window: Window) -> list[Point]:
    """Hours that failed publications were in force, when the last of each was undone."""
    return sorted(
        (entry.restored_at, (entry.restored_at - entry.at) / HOUR)
        for entry in history.publications
        if entry.restored_at and window.holds(entry.restored_at)
    )


def review_waits(history: History, window: Window) -> list[Point]:
    return [
        (entry.at, (entry.at - entry.submitted_at) / HOUR)
        for entry in history.reviews
        if window.holds(entry.at)
    ]


def published(history: History, window: Window) -> list[ReleaseRecord]:
    return [entry for entry in history.publications if window.holds(entry.at)]


def rolled_back(history: History, window: Window) -> list[ReleaseRecord]:
    return [entry for entry in history.releases if entry.is_rollback and window.holds(entry.at)]


def bypassed(history: History, window: Window) -> list[ReleaseRecord]:
    return [entry for entry in published(history, window) if entry.is_break_glass]


def _median(points: Iterable[Point]) -> float | None:
    values = [value for _, value in points]
    return statistics.median(values) if values else None


def _failure_rate(history: History, window: Window) -> float | None:
    fates = [entry.restored_at is not None for entry in published(history, window)]
    return sum(fates) / len(fates) if fates else None


# metric → its value from what happened within a window.
VALUES: dict[str, Callable[[History, Window], float | None]] = {
    "lead_time_hours": lambda history, window: _median(lead_times(history, window)),
    "change_frequency": lambda history, window: len(published(history, window)) / window.weeks,
    "change_failure_rate": _failure_rate,
    "time_to_restore_hours": lambda history, window: _median(restore_times(history, window)),
    "review_latency_hours": lambda history, window: _median(review_waits(history, window)),
    "rollbacks": lambda history, window: float(len(rolled_back(history, window))),
    "bypasses": lambda history, window: float(len(bypassed(history, window))),
}
# Metrics that are counts, drawn by bucket.
COUNTED = {"rollbacks": rolled_back, "bypasses": bypassed}
# Metrics that are drawn as one point for each thing that happened.
EVENTS: dict[str, Callable[[History, Window], list[Point]]] = {
    "lead_time_hours": lead_times,
    "time_to_restore_hours": restore_times,
    "review_latency_hours": review_waits,
}
# Metrics that are drawn as their value over the span that ends with each point.
LOOKING_BACK = ("change_frequency", "change_failure_rate")


def value_of(name: str, history: History, window: Window) -> float | None:
    return VALUES[name](history, window)


def series_of(
    name: str, history: History, window: Window
) -> list[tuple[datetime.datetime, float | None]]:
    """The metric over time: one point per event, counts by bucket, else the value over a span
    as long as the window that ends with each bucket, so that the last is the window's own.
    """
    if name in EVENTS:
        return list(EVENTS[name](history, window))
    length = window.end - window.start if name in LOOKING_BACK else window.step
    points: list[tuple[datetime.datetime, float | None]] = []
    for start in window.buckets:
        end = start + window.step
        points.append((start, VALUES[name](history, Window(end - length, end, window.step))))
    return points


def samples_of(name: str, history: History, window: Window) -> int:
    """How many happenings a metric's value rests on."""
    if name in EVENTS:
        return len(EVENTS[name](history, window))
    return len(COUNTED.get(name, published)(history, window))
