"""Numbers and verdicts in words, for reasons that a reviewer reads."""

import math

from policies.engine import METRICS
from policies.wording import numbers

DIGITS = 4


def label(metric: str) -> str:
    """The metric's name in words."""
    return METRICS[metric].label if metric in METRICS else metric


def amount(metric: str, value: float | None, *, signed: bool = False) -> str:
    """A value of a metric with its unit; shares as percentages.

    `signed`: it is a difference, which between two shares is in percentage points.
    """
    if value is None or not math.isfinite(value):
        return numbers.UNKNOWN
    unit = METRICS[metric].unit if metric in METRICS else ""
    if unit == "share":
        return f"{_digits(value * 100, signed)} pp" if signed else share(value)
    number = _digits(value, signed)
    if unit == "ms":
        return f"{number} ms"
    if unit.startswith("USD"):
        sign, bare = (number[0], number[1:]) if number[0] in "+−" else ("", number)
        return f"{sign}${bare}"
    return number


def between(low: str, high: str) -> str:
    """Two ends of an interval, a unit that both are in said once."""
    return f"{low.removesuffix(' pp')} to {high}"


def share(value: float | None, *, signed: bool = False) -> str:
    """A share or a relative change as a percentage."""
    if value is None or not math.isfinite(value):
        return numbers.UNKNOWN
    return f"{_digits(value * 100, signed)}%"


def count(number: int) -> str:
    """A whole number with separators."""
    return numbers.number(number)


def rounded(value: float) -> str:
    """A number of which only the whole part matters, rounded down: it is held against a least."""
    return count(math.floor(value))


def _digits(value: float, signed: bool) -> str:
    """Four significant digits, trailing zeros dropped; sums' last bits must not read as digits."""
    if value == 0 or abs(value) < 1e-12:
        return "0"
    places = max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))
    text = f"{abs(value):,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    sign = numbers.MINUS if value < 0 else ("+" if signed else "")
    return sign + text
