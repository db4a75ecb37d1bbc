"""What would be wrong with tiers and windows that somebody gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from zoneinfo import available_timezones

from policies.engine import Problem
from policies.engine.reading import nearest
from policies.pricing.rates import DAYS, Tier, Window

MOST = 20
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")


def problems_of(tiers: Sequence[Tier], windows: Sequence[Window]) -> list[Problem]:
    """All that is wrong, with pointers from the price on (``/tiers/0/above_input_tokens``)."""
    found = [
        Problem(f"/{name}", f"must be at most {MOST}, not {len(given)}")
        for name, given in (("tiers", tiers), ("windows", windows))
        if len(given) > MOST
    ]
    last = 0
    for index, tier in enumerate(tiers):
        if tier.above_input_tokens <= last:
            place = f"/tiers/{index}/above_input_tokens"
            found.append(Problem(place, f"must be more than {last:,}: tiers ascend"))
        last = max(last, tier.above_input_tokens)
    for index, window in enumerate(windows):
        found += [problem.under(f"/windows/{index}") for problem in _of_window(window)]
    return found


def _of_window(window: Window) -> Iterator[Problem]:
    if not window.days:
        yield Problem("/days", "must name a day, such as mon")
    for day in window.days:
        if day not in DAYS:
            yield Problem("/days", f"must be of {', '.join(DAYS)}, not {day}")
    for name, clock in (("starts", window.starts), ("ends", window.ends)):
        if not _CLOCK.match(clock):
            yield Problem(f"/{name}", "must be a time from 00:00 to 23:59, such as 16:30")
    if window.zone not in _zones():
        hint = nearest(window.zone, _zones())
        yield Problem("/zone", f"must be a time zone, such as UTC or Asia/Shanghai{hint}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
