"""Prices by size and by the hour, typed one a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from policies.pricing.rates import DAYS, Tier, Window

_RANGE = re.compile(r"([a-z]{3})-([a-z]{3})\Z")
_HOURS = re.compile(r"(\S+?)[-–](\S+)\Z")
LARGEST = Decimal(999_999)


class LinesField(forms.CharField):
    """Each line that is not empty is one thing; a line that cannot be read is named."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        found: list[Any] = []
        problems: list[str] = []
        lines = (super().to_python(value) or "").splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                found += [self.read(line.split())] if line.strip() else []
            except ValueError as error:
                problems.append(f"Line {number}: {error}")
        if problems:
            raise forms.ValidationError(problems)
        return tuple(found)

    def read(self, words: list[str]) -> Any:
        raise NotImplementedError


class TiersField(LinesField):
    """``200000 2.50 15``: above so many input tokens, USD in and out."""

    def read(self, words: list[str]) -> Tier:
        if len(words) != 3 or not words[0].replace(",", "").isdecimal():
            raise ValueError("write tokens, input and output price, such as 200000 2.50 15.")
        above = int(words[0].replace(",", "")[:12])
        return Tier(above, *_prices(words[1:]))


class WindowsField(LinesField):
    """``mon-fri 16:30-00:30 UTC 0.135 0.55``: days, hours, zone, USD in and out."""

    def read(self, words: list[str]) -> Window:
        hours = _HOURS.match(words[1]) if len(words) == 5 else None
        if hours is None:
            raise ValueError(
                "write days, hours, zone, input and output price, such as "
                "mon-fri 16:30-00:30 UTC 0.135 0.55."
            )
        return Window(_days(words[0].lower()), hours[1], hours[2], words[2], *_prices(words[3:]))


def _days(written: str) -> tuple[str, ...]:
    if written == "daily":
        return DAYS
    found = _RANGE.match(written)
    if found and {found[1], found[2]} <= set(DAYS):
        first, last = DAYS.index(found[1]), DAYS.index(found[2])
        return DAYS[first : last + 1] if first <= last else DAYS[first:] + DAYS[: last + 1]
    return tuple(dict.fromkeys(written.split(",")))


def _prices(words: Iterable[str]) -> list[Decimal]:
    return [_price(word) for word in words]


def _price(word: str) -> Decimal:
    try:
        price = Decimal(word.removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{word} is no price.") from None
    if not price.is_finite() or not 0 <= price <= LARGEST:
        raise ValueError(f"{word} is no price in USD per million tokens.")
    if price != price.quantize(Decimal("0.000001")):
        raise ValueError(f"{word} has more than six decimals.")
    return price
