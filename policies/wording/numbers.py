"""How the console writes numbers: one place, so that a figure reads the same on every page.

Every function takes None (and NaN) for "not known" and writes an en dash for it.
"""

from __future__ import annotations

import math
from datetime import timedelta

UNKNOWN = "–"
MINUS = "\u2212"
Number = float | int | None


def money(value: Number) -> str:
    """US dollars: $1,240, $3.20, and three significant digits below a dollar."""
    if value is None or math.isnan(value):
        return UNKNOWN
    size = abs(value)
    if size == 0 or size >= 1:
        text = f"{size:,.0f}" if size >= 1000 else f"{size:.2f}"
    else:
        text = _significant(size, 3)
    return f"{_sign(value)}${text}"


def percent(value: Number, digits: int = 1) -> str:
    """A share between 0 and 1 as a percentage: 0.1234 → 12.3%."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{_sign(value)}{abs(value) * 100:.{digits}f}%"


def milliseconds(value: Number) -> str:
    """A duration given in milliseconds, in the unit a person would use."""
    if value is None or math.isnan(value):
        return UNKNOWN
    size = abs(value)
    if size < 1000:
        return f"{_sign(value)}{size:.0f} ms"
    if size < 60_000:
        return f"{_sign(value)}{size / 1000:.2f} s"
    return _sign(value) + span(timedelta(milliseconds=size))


def number(value: Number, digits: int = 3) -> str:
    """Whole numbers in full with separators; others to so many significant digits."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{_sign(value)}{abs(int(value)):,}"
    return _sign(value) + _significant(abs(value), digits)


def compact(value: Number) -> str:
    """Counts in little room: 980, 12.4k, 3.1M."""
    if value is None or math.isnan(value):
        return UNKNOWN
    size = abs(value)
    for bound, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= bound:
            scale = 1000 if suffix == "k" else bound
            return f"{_sign(value)}{size / scale:.1f}{suffix}"
    return number(value)


def signed(value: Number, digits: int = 3) -> str:
    """A difference: its sign is always written, with a true minus."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return ("+" if value > 0 else "") + number(value, digits)


def span(value: timedelta | None) -> str:
    """A length of time by its two largest units: 2 h 05 min, 3 d 4 h, 40 s."""
    if value is None:
        return UNKNOWN
    seconds = round(abs(value.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


def hours(value: Number) -> str:
    """A duration given in hours, in the unit a person would use."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return span(timedelta(hours=value))


def _sign(value: float) -> str:
    return MINUS if value < 0 else ""


def _significant(size: float, digits: int) -> str:
    """Plain decimal notation: a small price must not read as 1.5e-05."""
    if size == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{size:,.{places}f}"
