"""Numbers and verdicts in words, for reasons that a reviewer reads."""

import math

from policies.engine import METRICS


def label(metric: str) -> str:
    """The metric's name in words."""
    return METRICS[metric].label if metric in METRICS else metric


def amount(metric: str, value: float | None, *, signed: bool = False) -> str:
    """A value of a metric with its unit; four significant digits."""
    if value is None or not math.isfinite(value):
        return "unknown"
    unit = METRICS[metric].unit if metric in METRICS else ""
    number = _digits(value, signed)
    if unit == "ms":
        return f"{number} ms"
    if unit.startswith("USD"):
        sign, bare = (number[0], number[1:]) if number[0] in "+−" else ("", number)
        return f"{sign}${bare}"
    return number


def share(value: float | None, *, signed: bool = False) -> str:
    """A share or a relative change as a percentage."""
    if value is None or not math.isfinite(value):
        return "unknown"
    return f"{_digits(value * 100, signed)} %"


def count(number: int) -> str:
    """A whole number with thin groups of thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _digits(value: float, signed: bool) -> str:
    if value == 0:
        return "0"
    text = f"{abs(value):.4g}"
    if "e" in text:
        text = f"{abs(value):.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    sign = "−" if value < 0 else ("+" if signed else "")
    return sign + text
