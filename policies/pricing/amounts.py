"""Amounts of the price map, as the catalogue keeps them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

PER_MILLION = Decimal(1_000_000)
# The catalogue keeps six decimals of a US dollar, and twelve digits in all.
SMALLEST = Decimal("0.000001")
LARGEST = Decimal(999_999)


class Skip(ValueError):
    """Why an entry is of no use."""


def per_million(raw: Any) -> Decimal | None:
    """USD per million, of USD per one; None for what is no price."""
    return dollars(raw, PER_MILLION)


def dollars(raw: Any, times: Decimal = Decimal(1)) -> Decimal | None:
    """USD, rounded to what the catalogue keeps; None for what is no price."""
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        return None
    try:
        price = (Decimal(raw) * times).quantize(SMALLEST)
    except InvalidOperation:
        return None
    return price if 0 <= price <= LARGEST else None
