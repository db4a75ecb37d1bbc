"""Reading the map: one JSON object, model name → prices per token and facts."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from policies.engine import DocumentError, Problem
from policies.engine.errors import showable
from policies.pricing import tiered_prices
from policies.pricing.amounts import Skip, dollars, per_million
from policies.pricing.rates import Tier, Window, tiers_from_json, windows_from_json

MAX_BYTES = 20_000_000
MAX_ENTRIES = 50_000
CHAT_MODES = frozenset({"chat", "responses"})
SAMPLE = "sample_spec"  # the map's own description of its form
# The map's word → the catalogue's; a model's other abilities are no constraint of any route.
CAPABILITIES = {
    "supports_audio_input": "audio",
    "supports_function_calling": "tools",
    "supports_pdf_input": "pdf",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "json",
    "supports_vision": "vision",
}
# One company under several names of its APIs: apart they would look like redundancy.
_SAME_PROVIDER = (
    (re.compile(r"vertex_ai(-.*)?\Z"), "vertex_ai"),
    (re.compile(r"bedrock(_.*)?\Z"), "bedrock"),
    (re.compile(r"cohere(_.*)?\Z"), "cohere"),
    (re.compile(r"azure(_.*)?\Z"), "azure"),
)
_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-]{0,59}\Z")
_LONGEST_NAME = 160
_PRICED = ("tiers", "windows")


@dataclass(frozen=True, slots=True)
class Entry:
    """One chat model of the map. Prices are USD per million tokens (or characters), a fee is USD
    per request; sizes are in tokens; None is unknown. ``has_other_hours``: it has prices by the
    hour in a form that is not read.
    """

    key: str
    provider: str
    input_usd: Decimal
    output_usd: Decimal
    input_usd_per_mchar: Decimal | None = None
    output_usd_per_mchar: Decimal | None = None
    reasoning_usd: Decimal | None = None
    fee_usd: Decimal | None = None
    context_window: int | None = None
    max_output: int | None = None
    capabilities: tuple[str, ...] = ()
    retires_on: datetime.date | None = None
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()
    has_other_hours: bool = False

    def to_json(self) -> dict[str, Any]:
        # Zero is a price, though it equals False.
        kept: dict[str, Any] = {
            name: str(value) if isinstance(value, Decimal | datetime.date) else value
            for name in self.__dataclass_fields__
            if (value := getattr(self, name)) is not None and value is not False and value != ()
        }
        priced = {name: [one.to_json() for one in kept[name]] for name in _PRICED if name in kept}
        return {**kept, **priced}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Entry:
        prices = {name: Decimal(raw[name]) for name in raw if "_usd" in name}
        day = raw.get("retires_on")
        return cls(
            **{
                **raw,
                **prices,
                "capabilities": tuple(raw.get("capabilities", ())),
                "tiers": tiers_from_json(raw.get("tiers", ())),
                "windows": windows_from_json(raw.get("windows", ())),
                "retires_on": datetime.date.fromisoformat(day) if day else None,
            }
        )


@dataclass(frozen=True)
class PriceMap:
    """``skipped``: why → names of the entries, both in the order of the map."""

    entries: tuple[Entry, ...]
    skipped: Mapping[str, tuple[str, ...]]

    @property
    def skipped_count(self) -> int:
        return sum(map(len, self.skipped.values()))


def read_price_map(raw: bytes) -> PriceMap:
    """Read the file's bytes. Raises DocumentError when it is no such map at all.

    What is wrong with single entries only skips them: the map has thousands, of many makers.
    """
    members, twice = _members(raw)
    entries: list[Entry] = []
    skipped: dict[str, list[str]] = {}
    for key, member in members.items():
        try:
            if key in twice:
                raise Skip("written twice in the file, with different words")
            entries.append(_entry(key, member))
        except Skip as why:
            if key != SAMPLE:
                skipped.setdefault(showable(str(why)), []).append(showable(key))
    if not entries:
        message = "holds no chat model with a price per token; is it LiteLLM's price map?"
        raise DocumentError([Problem("", message)])
    return PriceMap(tuple(entries), {why: tuple(keys) for why, keys in skipped.items()})


class _Members(dict[str, Any]):
    """An object that knows which members were written twice and differ."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        super().__init__()
        self.twice: set[str] = set()
        for key, value in pairs:
            if key in self and self[key] != value:
                self.twice.add(key)
            self[key] = value


def _members(raw: bytes) -> tuple[dict[str, Any], set[str]]:
    if len(raw) > MAX_BYTES:
        raise DocumentError([Problem("", f"must be at most {MAX_BYTES // 1_000_000} MB")])
    try:
        # Decimals, so that 7.5e-08 per token is exactly 0.075 per million.
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_Members, parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise DocumentError(
            [Problem("", f"must be UTF-8 text; byte {error.start} is not")]
        ) from None
    except (ValueError, RecursionError) as error:
        raise DocumentError([Problem("", f"is not JSON: {error}")]) from None
    if not isinstance(found, _Members):
        raise DocumentError([Problem("", "must be an object: model name → its prices")])
    if len(found) > MAX_ENTRIES:
        raise DocumentError([Problem("", f"must hold at most {MAX_ENTRIES:,} models")])
    return found, found.twice


def _entry(key: str, raw: Any) -> Entry:
    if not isinstance(raw, dict):
        raise Skip("no object")
    mode = raw.get("mode")
    if mode not in CHAT_MODES:
        raise Skip(f"not for chat: {mode}" if isinstance(mode, str) else "without a mode")
    if not key.isprintable() or key != key.strip() or not 0 < len(key) <= _LONGEST_NAME:
        raise Skip("a name that no policy could write")
    provider = _provider(raw.get("litellm_provider"))
    base = tiered_prices.with_base(raw)
    input_usd, output_usd = _required_price(base, "input"), _required_price(base, "output")
    windows, has_other_hours = tiered_prices.windows_of(raw, input_usd, output_usd)
    return Entry(
        key=key,
        provider=provider,
        input_usd=input_usd,
        output_usd=output_usd,
        input_usd_per_mchar=per_million(raw.get("input_cost_per_character")),
        output_usd_per_mchar=per_million(raw.get("output_cost_per_character")),
        reasoning_usd=per_million(base.get("output_cost_per_reasoning_token")),
        fee_usd=dollars(raw.get("input_cost_per_request")),
        context_window=_size(raw, "max_input_tokens") or _size(raw, "max_tokens"),
        max_output=_size(raw, "max_output_tokens"),
        capabilities=tuple(word for name, word in CAPABILITIES.items() if raw.get(name) is True),
        retires_on=_day(raw.get("deprecation_date")),
        tiers=tiered_prices.tiers_of(raw, input_usd, output_usd),
        windows=windows,
        has_other_hours=has_other_hours,
    )


def _provider(raw: Any) -> str:
    if not isinstance(raw, str) or not _SLUG.match(raw):
        raise Skip("without a provider")
    return next((name for pattern, name in _SAME_PROVIDER if pattern.match(raw)), raw)


def _required_price(raw: Mapping[str, Any], side: str) -> Decimal:
    given = raw.get(f"{side}_cost_per_token")
    if given is None:
        by_character = raw.get(f"{side}_cost_per_character") is not None
        raise Skip("priced per character only" if by_character else "no price per token")
    price = per_million(given)
    if price is None:
        raise Skip("a price that is no number of dollars")
    return price


def _size(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return int(value) if 0 < value <= 2**31 - 1 and value == int(value) else None


def _day(raw: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
