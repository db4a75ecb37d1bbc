"""The periods a scorecard shows, cut into the hours or UTC days of the roll-ups."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
# period → (length, length of a bucket)
PERIODS: dict[str, tuple[datetime.timedelta, datetime.timedelta]] = {
    "24h": (DAY, HOUR),
    "7d": (7 * DAY, HOUR),
    "28d": (28 * DAY, DAY),
    "90d": (90 * DAY, DAY),
}
DEFAULT_PERIOD = "7d"


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, not including, `end`; both on the edge of a bucket."""

    start: datetime.datetime
    end: datetime.datetime
    step: datetime.timedelta

    @property
    def grain(self) -> str:
        return "hour" if self.step == HOUR else "day"

    @property
    def weeks(self) -> float:
        return (self.end - self.start) / (7 * DAY)

    @property
    def buckets(self) -> list[datetime.datetime]:
        """The start of every bucket, empty ones too."""
        count = (self.end - self.start) // self.step
        return [self.start + index * self.step for index in range(count)]

    @property
    def preceding(self) -> Window:
        """The window of the same length just before."""
        return Window(self.start - (self.end - self.start), self.start, self.step)

    def holds(self, moment: datetime.datetime) -> bool:
        return self.start <= moment < self.end


def floor(moment: datetime.datetime, step: datetime.timedelta) -> datetime.datetime:
    """The start of the hour or UTC day that a moment lies in."""
    hour = moment.astimezone(datetime.UTC).replace(minute=0, second=0, microsecond=0)
    return hour if step == HOUR else hour.replace(hour=0)


def window_of(period: str, now: datetime.datetime) -> Window:
    """The period that ends with the bucket in progress."""
    length, step = PERIODS[period]
    end = floor(now, step) + step
    return Window(end - length, end, step)
