"""How a metric's value and its change are written, by the metric's unit."""

from __future__ import annotations

from policies.wording import numbers

# The units of `policies.engine.metrics` and `definitions` that have a form of their own.
_FORMS = {
    "share": numbers.percent,
    "ms": numbers.milliseconds,
    "USD per request": numbers.money,
    "USD": numbers.money,
    "hours": numbers.hours,
}
_COUNTS = {"changes per week": " per week", "rollbacks": "", "releases": ""}


def value_text(unit: str, value: float | None) -> str:
    """96.2%, 1.24 s, $0.0021, 0.873 or an en dash."""
    if value is None:
        return numbers.UNKNOWN
    form = _FORMS.get(unit)
    if form is not None:
        return form(value)
    if unit in _COUNTS:
        return numbers.number(value, 2) + _COUNTS[unit]
    return _fixed(value, 3)


def change_text(unit: str, change: float | None) -> str:
    """A difference with its sign: +1.2 pp, −120 ms, +$0.0002, +2 h 05 min."""
    if change is None:
        return numbers.UNKNOWN
    if unit == "share":
        return f"{_signed(change * 100, 2)} pp"
    if unit == "hours":  # a span has no sign of its own
        sign = numbers.MINUS if change < 0 else _plus(change)
        return sign + value_text(unit, abs(change))
    if unit in _FORMS or unit in _COUNTS:
        return _plus(change) + value_text(unit, change)
    return _signed(change, 4)


def _plus(change: float) -> str:
    return "+" if change > 0 else ""


def _signed(value: float, places: int) -> str:
    rounded = round(value, places)  # what rounds to nothing has no sign
    return _plus(rounded) + _fixed(rounded or 0.0, places)


def _fixed(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", numbers.MINUS)


def target_text(op: str, unit: str, bound: float | None) -> str:
    """≥ 85.0%, < 3.00 s."""
    signs = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}
    return f"{signs[op]} {value_text(unit, bound)}"
