"""How one running router can stand to the release in force. Pure: words and limits.

Each is a question of its own; a router can be on an old release, silent and failing at once.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

# A report may be lost on its way; three in a row are a silence.
MISSED_REPORTS = 3
# Routers wait for a release and report at once when they have it.
STRAGGLING_AFTER = datetime.timedelta(seconds=30)
# Beyond it, times that a router tells and when it lets a release go past its lifetime are off.
CLOCK_OFF = datetime.timedelta(seconds=30)
# What went wrong longer before a report is over.
FAILING_FOR = datetime.timedelta(minutes=10)


class Standing(StrEnum):
    """A public name of what is the matter with a router."""

    CURRENT = "current"
    OLD = "old"
    UNKNOWN = "unknown"
    SHARED = "shared"
    EMPTY = "empty"
    STRAGGLING = "straggling"
    FAILING = "failing"
    SILENT = "silent"
    STALE = "stale"
    SKEWED = "skewed"


@dataclass(frozen=True)
class StandingWords:
    """How it is called, and what it means."""

    label: str
    meaning: str


WORDS: dict[Standing, StandingWords] = {
    Standing.CURRENT: StandingWords("On the release", "Decides with the release in force."),
    Standing.OLD: StandingWords(
        "On an earlier release", "Decides with a release that was in force here before."
    ),
    Standing.UNKNOWN: StandingWords(
        "On something else",
        "Decides with what was never published in this environment; its token may be of another "
        "environment than its releases.",
    ),
    Standing.SHARED: StandingWords(
        "Shared instance_id",
        "Two routers report under this instance_id; give each its own. Until then they confirm no "
        "release.",
    ),
    Standing.EMPTY: StandingWords("Without a release", "Has none to decide with."),
    Standing.STRAGGLING: StandingWords(
        "Behind",
        f"Reports, and does not have the release {STRAGGLING_AFTER.seconds} seconds after it was "
        "published.",
    ),
    Standing.FAILING: StandingWords("Failing", "Reports errors of the last ten minutes."),
    Standing.SILENT: StandingWords(
        "Silent",
        f"Missed {MISSED_REPORTS} reports or more, no goodbye; counts with what it said last.",
    ),
    Standing.STALE: StandingWords(
        "Past its lifetime", "Decides with a release that should have been renewed by now."
    ),
    Standing.SKEWED: StandingWords(
        "Clock off", f"Its clock differs from ours by more than {CLOCK_OFF.seconds} seconds."
    ),
}
# What somebody should look into, worst first.
TROUBLES = (
    Standing.UNKNOWN,
    Standing.SHARED,
    Standing.FAILING,
    Standing.STRAGGLING,
    Standing.EMPTY,
    Standing.STALE,
    Standing.SILENT,
    Standing.SKEWED,
)
