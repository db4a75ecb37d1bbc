"""The periods a scorecard shows, cut into the hours or UTC days of the roll-ups."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
WEEK = 7 * DAY
# period → (length, length of a bucket). A week in hours would draw the noise of few requests.
PERIODS: dict[str, tuple[datetime.timedelta, datetime.timedelta]] = {
    "24h": (DAY, HOUR),
    "7d": (WEEK, 3 * HOUR),
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
        """The roll-ups that the buckets are merged from."""
        return "hour" if self.step < DAY else "day"

    @property
    def weeks(self) -> float:
        return (self.end - self.start) / WEEK

    @property
    def per_day(self) -> int:
        return DAY // self.step

    @property
    def buckets(self) -> list[datetime.datetime]:
        """The start of every bucket, empty ones too."""
        count = (self.end - self.start) // self.step
        return [self.start + index * self.step for index in range(count)]

    @property
    def preceding(self) -> Window:
        """The window of the same length as few whole weeks earlier as do not overlap, so that
        each of its days is compared with one of the same weekday.
        """
        earlier = math.ceil((self.end - self.start) / WEEK) * WEEK
        return Window(self.start - earlier, self.end - earlier, self.step)

    def holds(self, moment: datetime.datetime) -> bool:
        return self.start <= moment < self.end

    def index(self, moment: datetime.datetime) -> int | None:
        """Which bucket a moment lies in; None when in none."""
        return (moment - self.start) // self.step if self.holds(moment) else None


def floor(moment: datetime.datetime, step: datetime.timedelta) -> datetime.datetime:
    """The start of the bucket of this length, counted from midnight UTC, that holds a moment."""
    utc = moment.astimezone(datetime.UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (utc - midnight) // step * step


def window_of(period: str, now: datetime.datetime) -> Window:
    """The period that ends with the bucket in progress."""
    length, step = PERIODS[period]
    end = floor(now, step) + step
    return Window(end - length, end, step)
