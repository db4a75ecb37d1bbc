"""One raw row → one normalised outcome in exact units, or its faults.

Units: quality in 10⁻⁹, cost in 10⁻⁹ US dollars, latency in microseconds; all integers, so that
sums are the same in any order.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from evaluations.datasets.problems import Problems
from policies.engine.canonical import has_lone_surrogate

NANO = 1_000_000_000
# A set is a list of texts.
Scalar = str | float | int | bool | list[str] | None
KNOWN_FIELDS = frozenset(
    {
        "request_id", "dataset", "task", "prompt", "prompt_tokens_est", "model", "attempt",
        "quality", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "error", "features",
        "attributes", "conversation_id",
    }
)  # fmt: skip
NO_TEXT = (
    "must be valid Unicode text, without NUL and without half of a surrogate pair (an emoji cut "
    "in two); write the whole character or leave it out."
)
_MAX_INTEGER = 2**62


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One recorded call of one model for one request."""

    line: int
    request_id: str
    conversation_id: str | None
    prompt: str | None
    model: str
    attempt: int
    quality: int | None
    cost: int | None
    latency: int | None
    input_tokens: int | None
    output_tokens: int | None
    error: str | None
    attributes: dict[str, Scalar] | None  # None: not given, to be derived
    derived: dict[str, Scalar]  # task, dataset, prompt_tokens_est
    features: dict[str, Scalar]


@dataclass
class RowReader:
    """Reads fields of one raw row and notes every fault at its line."""

    line: int
    raw: Mapping[str, Any]
    problems: Problems

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A string; numbers are taken as their text, since CSV and JSON differ there."""
        value = self.raw.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            self.fault(name, f"must be text, not {_kind(value)}.")
            return None
        if value is None or value == "":
            if required:
                self.fault(name, "is missing; every row needs it.")
            return None
        if not _is_text(value):
            self.fault(name, NO_TEXT)
            return None
        return str(value)

    def number(self, name: str, unit: int, *, low: int = 0, high: int | None = None) -> int | None:
        """A number in units of 1/`unit`, rounded half to even; null stays null."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        exact = _decimal(value)
        if exact is None:
            self.fault(name, f"must be a number or null, not {_kind(value)}.")
            return None
        if exact < low or (high is not None and exact > high):
            span = f"between {low} and {high}" if high is not None else f"{low} or more"
            self.fault(name, f"is {value}; it must be {span}.")
            return None
        scaled = int((exact * unit).to_integral_value(rounding=ROUND_HALF_EVEN))
        if scaled > _MAX_INTEGER:
            self.fault(name, f"is {value}, which is too large to be real.")
            return None
        return scaled

    def whole(self, name: str) -> int | None:
        """A whole number of 0 or more; null stays null."""
        value = self.raw.get(name)
        if type(value) is int and 0 <= value <= _MAX_INTEGER:
            return value
        exact = None if value is None or value == "" else _decimal(value)
        if exact is not None and exact != exact.to_integral_value():
            self.fault(name, f"is {value}; it must be a whole number.")
            return None
        return self.number(name, 1)

    def scalars(self, name: str) -> dict[str, Scalar] | None:
        """An object of plain values; CSV and Parquet may give it as JSON text."""
        value = self.raw.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                self.fault(name, "is not a JSON object.")
                return None
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, f"must be an object, not {_kind(value)}.")
            return None
        for key, item in value.items():
            if not _plain(item):
                self.fault(
                    f"{name}.{key}",
                    f"must be text, a number, a flag or a list of texts, not {_kind(item)}.",
                )
            elif not _is_text(key) or not _is_text(item):
                self.fault(f"{name}.{key}", NO_TEXT)
        return {str(k): _tidy(v) for k, v in value.items() if _plain(v)}

    def fault(self, name: str, message: str) -> None:
        """Note a fault of this row."""
        self.problems.add(self.line, name, message)


def read_row(line: int, raw: Mapping[str, Any], problems: Problems) -> OutcomeRow | None:
    """The normalised row, or None after adding every fault of the row to `problems`."""
    before = problems.total
    reader = RowReader(line, raw, problems)
    for name in sorted(set(raw) - KNOWN_FIELDS):
        reader.fault(name, "is not a known field; put extra values into “features”.")
    row = OutcomeRow(
        line=line,
        request_id=reader.text("request_id", required=True) or "",
        conversation_id=reader.text("conversation_id"),
        prompt=reader.text("prompt"),
        model=reader.text("model", required=True) or "",
        attempt=reader.whole("attempt") or 0,
        quality=reader.number("quality", NANO, high=1),
        cost=reader.number("cost_usd", NANO),
        latency=reader.number("latency_ms", 1000),
        input_tokens=reader.whole("input_tokens"),
        output_tokens=reader.whole("output_tokens"),
        error=reader.text("error"),
        attributes=reader.scalars("attributes"),
        derived={
            "task": reader.text("task"),
            "dataset": reader.text("dataset"),
            "prompt_tokens_est": reader.whole("prompt_tokens_est"),
        },
        features=reader.scalars("features") or {},
    )
    return row if problems.total == before else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        exact = Decimal(value if isinstance(value, str) else str(value))
    except InvalidOperation:
        return None
    return exact if exact.is_finite() else None


def _is_text(value: object) -> bool:
    """Whether text, alone or in a set, is whole: what is not has no UTF-8 form, or none that
    PostgreSQL keeps."""
    if isinstance(value, list):
        return all(map(_is_text, value))
    return not isinstance(value, str) or not (has_lone_surrogate(value) or "\x00" in value)


def _plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(isinstance(entry, str) for entry in value)
    return value is None or isinstance(value, str | int | bool | Decimal)


def _tidy(value: Any) -> Scalar:
    # 3.0 and 3 are one value; JSON and Parquet disagree about which is written.
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value  # type: ignore[no-any-return]


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", str: f"“{value}”"}
    return names.get(type(value), f"{value!r}")[:80]
