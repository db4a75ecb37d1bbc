"""How a metric's value and its change are written, by the metric's unit."""

from __future__ import annotations

from policies import number_formats

# The units of `policies.engine.thresholds.METRICS` and `definitions` that have a form of their own.
_FORMS = {
    "share": number_formats.percent,
    "ms": number_formats.milliseconds,
    "USD per request": number_formats.money,
    "USD": number_formats.money,
    "hours": number_formats.hours,
}
_SUFFIXES = {"changes per week": " per week"}


def value_text(unit: str, value: float | None) -> str:
    """96.2%, 1.24 s, $0.0021, 0.873 or an en dash."""
    if value is None:
        return number_formats.UNKNOWN
    form = _FORMS.get(unit)
    if form is not None:
        return form(value)
    return number_formats.number(value) + _SUFFIXES.get(unit, "")


def change_text(unit: str, change: float | None) -> str:
    """A difference with its sign: +1.2 pp, −120 ms, +$0.0002."""
    if change is None:
        return number_formats.UNKNOWN
    if unit == "share":
        sign = "+" if change > 0 else number_formats.MINUS if change < 0 else ""
        return f"{sign}{abs(change) * 100:.2f} pp"
    return ("+" if change > 0 else "") + value_text(unit, change)


def target_text(op: str, unit: str, bound: float | None) -> str:
    """≥ 85.0%, < 3.00 s."""
    signs = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}
    return f"{signs[op]} {value_text(unit, bound)}"
