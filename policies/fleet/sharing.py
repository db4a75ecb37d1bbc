"""Whether two running routers report under one instance_id. Pure.

A restart ends one process and begins another, and the first is never heard of again. Where it is,
both run.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from policies.fleet.report import Heard, Shared

# Of so many reports of one process alone the other would have come up.
SHARED_FOR_REPORTS = 5
# Reports take seconds on their way, and the clocks of two planes differ.
CLEARLY_BEFORE = datetime.timedelta(seconds=5)
# Some clients work their start out for each report, and are off by a rounding.
ROUNDING = datetime.timedelta(milliseconds=50)
# Others tell it in whole seconds.
COARSE = datetime.timedelta(seconds=1)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MILLISECOND = datetime.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which process of an instance reported last: when it started by its own clock, and by the
    console's in ms since 1970, and whether it said that it ends. `started_before` is when the
    last process before it that did not end started, by its own clock."""

    started_at: datetime.datetime
    began_ms: int
    started_before: datetime.datetime | None = None
    shared: Shared | None = None
    has_ended: bool = False


def seen(before: Seen | None, heard: Heard) -> Seen:
    """What is known once a report is there."""
    started_at = heard.report.started_at
    began = began_ms(started_at, heard.skew, heard.at)
    has_ended = heard.report.has_ended
    if before is None:
        return Seen(started_at, began, None, heard.shared, has_ended)
    shared = _lasting(before.shared, heard)
    if not _is_another(before, heard):
        return Seen(started_at, began, before.started_before, shared, has_ended)
    # Who ends says nothing of the one before that did not.
    started_before = before.started_before if before.has_ended else before.started_at
    if _is_back(before, heard):
        until = heard.at + SHARED_FOR_REPORTS * datetime.timedelta(seconds=heard.interval_s)
        shared = Shared(shared.since if shared else heard.at, until)
    return Seen(started_at, began, started_before, shared, has_ended)


def is_late_goodbye(before: Seen | None, heard: Heard) -> bool:
    """Whether a process ends that another has taken the place of: its goodbye is not for that."""
    if before is None or not heard.report.has_ended:
        return False
    return _is_another(before, heard) and _is_back(before, heard)


def is_strange_goodbye(before: Seen, heard: Heard) -> bool:
    """Whether a process ends that was never heard of while it ran: anybody with a token may say so,
    and the last one may run on. Of two that are known to share an id both count as long as they
    are heard."""
    if not heard.report.has_ended or heard.has_run or heard.shared or before.has_ended:
        return False
    return abs(heard.report.started_at - before.started_at) > COARSE


def _is_another(before: Seen, heard: Heard) -> bool:
    # Who says the same start is the same process, however its clock was set meanwhile.
    return heard.report.started_at != before.started_at


def _is_back(before: Seen, heard: Heard) -> bool:
    """Whether another process than the last one is one that was there before it. Where each ended
    before the next began, the id was free for an elder."""
    if before.has_ended and before.started_before is None:
        return False
    if (
        began_ms(heard.report.started_at, heard.skew, heard.at)
        < before.began_ms - CLEARLY_BEFORE // MILLISECOND
    ):
        return True
    # Two that were started at once: the exact start of the process before comes again.
    started_at = heard.report.started_at
    return (
        started_at == before.started_before
        and bool(started_at.microsecond and before.started_at.microsecond)
        and abs(started_at - before.started_at) > ROUNDING
    )


def began_ms(started_at: datetime.datetime, skew: datetime.timedelta, at: datetime.datetime) -> int:
    """When a process started by the console's clock: never after it was heard, whatever it says.
    In whole numbers, since a clock may be off by more than a date can hold."""
    return min(started_at - _EPOCH - skew, at - _EPOCH) // MILLISECOND


def _lasting(shared: Shared | None, heard: Heard) -> Shared | None:
    """What was noticed before, here or by the plane that took the report, if it is not over."""
    if shared is None or shared.until < heard.at:
        return heard.shared
    if heard.shared is None:
        return shared
    told = heard.shared
    return Shared(min(shared.since, told.since), max(shared.until, told.until))
