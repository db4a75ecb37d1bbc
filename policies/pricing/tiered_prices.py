"""Prices of the map that hang on the size of the request or on the hour.

``input_cost_per_token_above_200k_tokens`` and its like, a list ``tiered_pricing`` of
``{"range": [from, to], "input_cost_per_token": …}``, and ``off_peak_pricing`` with ``hours_utc``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policies.pricing.amounts import Skip, per_million
from policies.pricing.rates import DAYS, Tier, Window

PRICE_NAMES = ("input_cost_per_token", "output_cost_per_token", "output_cost_per_reasoning_token")
_ABOVE = re.compile(r"(input|output)_cost_per_token_above_(\d{1,6})k_tokens\Z")
_HOURS = re.compile(r"(([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d)\Z")
_NOT_UNDERSTOOD = "tiers that are not understood"


def with_base(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry with the prices of its lowest tier, where it has a list of tiers."""
    tiers = _listed(raw)
    if not tiers:
        return raw
    lowest: dict[str, Any] = {
        name: tiers[0][1][name] for name in PRICE_NAMES if name in tiers[0][1]
    }
    return {**raw, **lowest}


def tiers_of(raw: Mapping[str, Any], base_in: Decimal, base_out: Decimal) -> tuple[Tier, ...]:
    """The tiers above the base price, ascending; a side that one does not say is that below it."""
    steps: dict[int, Any] = {}
    for name, price in raw.items():
        found = _ABOVE.match(name)
        if found and price is not None:
            steps.setdefault(int(found[2]) * 1000, {})[f"{found[1]}_cost_per_token"] = price
    steps |= {start: dict(tier) for start, tier in _listed(raw)[1:]}
    tiers = []
    for above in sorted(steps):
        base_in = _side(steps[above], "input", base_in)
        base_out = _side(steps[above], "output", base_out)
        tiers.append(Tier(above, base_in, base_out))
    return tuple(tiers)


def windows_of(
    raw: Mapping[str, Any], base_in: Decimal, base_out: Decimal
) -> tuple[tuple[Window, ...], bool]:
    """The hours with a price of their own, and whether there are some that are not understood."""
    said = raw.get("off_peak_pricing")
    if not said:
        return (), False
    hours = said.get("hours_utc") if isinstance(said, Mapping) else None
    found = _HOURS.match(hours) if isinstance(hours, str) else None
    if found is None or {"days", "timezone", "weekdays"} & set(said):
        return (), True
    prices = _side(said, "input", base_in), _side(said, "output", base_out)
    return (Window(DAYS, found[1], found[3], "UTC", *prices),), False


def _listed(raw: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """(first input token of the tier's range, tier), ascending. Raises Skip."""
    tiers = raw.get("tiered_pricing")
    if not tiers:
        return []
    found = []
    for tier in tiers if isinstance(tiers, list) else [tiers]:
        span = tier.get("range") if isinstance(tier, Mapping) else None
        start = span[0] if isinstance(span, list) and span else None
        if isinstance(start, bool) or not isinstance(start, int | Decimal) or start < 0:
            raise Skip(_NOT_UNDERSTOOD)
        found.append((int(start), tier))
    found.sort(key=lambda entry: entry[0])
    if len({start for start, _ in found}) < len(found) or found[0][0] != 0:
        raise Skip(_NOT_UNDERSTOOD)
    return found


def _side(raw: Mapping[str, Any], side: str, below: Decimal) -> Decimal:
    given = raw.get(f"{side}_cost_per_token")
    if given is None:
        return below
    price = per_million(given)
    if price is None:
        raise Skip("a price that is no number of dollars")
    return price
