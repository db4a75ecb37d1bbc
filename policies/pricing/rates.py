"""What tokens cost: one price, dearer (or cheaper) ones for longer requests, others by the hour.

Prices are USD per million tokens, exact. The size of the input chooses a tier for the whole
request, as makers bill: https://ai.google.dev/gemini-api/docs/pricing, and the map's
``tiered_pricing``. A window holds by the wall clock of its zone; inside one its price is that of
every size, as in the map's ``off_peak_pricing``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of requests whose input is longer than so many tokens."""

    above_input_tokens: int
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal

    def __str__(self) -> str:
        return f"above {self.above_input_tokens:,} input tokens {_told(self)}"

    def to_json(self) -> dict[str, Any]:
        return {"above_input_tokens": self.above_input_tokens, **_prices_to_json(self)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Tier:
        return cls(raw["above_input_tokens"], *_prices_from_json(raw))


@dataclass(frozen=True, slots=True)
class Window:
    """The price on these days from one time to another, in a zone.

    ``starts`` and ``ends`` are ``HH:MM``. One that ends at or before its start runs into the next
    day, and its days are those on which it starts.
    """

    days: tuple[str, ...]
    starts: str
    ends: str
    zone: str
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal

    def holds_at(self, moment: datetime.datetime) -> bool:
        """Whether the aware moment lies in it."""
        local = moment.astimezone(ZoneInfo(self.zone))
        clock = f"{local:%H:%M}"
        today, yesterday = (DAYS[day.weekday()] in self.days for day in (local, local - _DAY))
        if self.starts < self.ends:
            return today and self.starts <= clock < self.ends
        return (today and clock >= self.starts) or (yesterday and clock < self.ends)

    def __str__(self) -> str:
        days = "every day" if len(self.days) == len(DAYS) else ", ".join(self.days)
        return f"{days} {self.starts}–{self.ends} {self.zone} {_told(self)}"

    def to_json(self) -> dict[str, Any]:
        return {
            "days": list(self.days),
            "starts": self.starts,
            "ends": self.ends,
            "zone": self.zone,
            **_prices_to_json(self),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Window:
        when = (raw["starts"], raw["ends"], raw["zone"])
        return cls(tuple(raw["days"]), *when, *_prices_from_json(raw))


@dataclass(frozen=True, slots=True)
class Rates:
    """The prices of a model. ``tiers`` ascend; of windows that hold at once the first counts."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()

    def at(self, moment: datetime.datetime, input_tokens: int) -> tuple[Decimal, Decimal]:
        """(input, output) price of a request of this size at an aware moment."""
        found: Rates | Tier | Window = self
        for tier in self.tiers:
            if input_tokens > tier.above_input_tokens:
                found = tier
        found = next((window for window in self.windows if window.holds_at(moment)), found)
        return found.input_usd_per_mtok, found.output_usd_per_mtok


def tiers_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Tier, ...]:
    return tuple(map(Tier.from_json, raw))


def windows_from_json(raw: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    return tuple(map(Window.from_json, raw))


def dollars(price: Decimal) -> str:
    """``$0.15``, with as many digits as there are."""
    whole, _, cents = f"{price.normalize():f}".partition(".")
    return f"${int(whole):,}.{cents.ljust(2, '0')}"


def _told(priced: Tier | Window) -> str:
    return f"{dollars(priced.input_usd_per_mtok)} in, {dollars(priced.output_usd_per_mtok)} out"


def _prices_to_json(priced: Tier | Window) -> dict[str, str]:
    return {
        "input_usd_per_mtok": str(priced.input_usd_per_mtok),
        "output_usd_per_mtok": str(priced.output_usd_per_mtok),
    }


def _prices_from_json(raw: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    return Decimal(raw["input_usd_per_mtok"]), Decimal(raw["output_usd_per_mtok"])
