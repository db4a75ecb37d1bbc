"""The map beside the catalogue: what is new, what would change, what stays."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from policies.pricing.plausibility import Doubt, change_doubts, doubts_of
from policies.pricing.price_map import Entry
from policies.pricing.rates import Tier, Window


class RowKind(StrEnum):
    """What an entry would do to the catalogue."""

    CHANGED = "changed"
    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Held:
    """What the catalogue says of a model now; prices are None before the first begins."""

    key: str
    provider: str
    input_usd: Decimal | None
    output_usd: Decimal | None
    context_window: int
    retires_on: datetime.date | None = None
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One entry and what it would change. ``key`` is the catalogue's name of the model."""

    key: str
    kind: RowKind
    entry: Entry
    held: Held | None
    doubts: tuple[Doubt, ...]

    @property
    def price_changes(self) -> bool:
        return self.held is None or _priced(self.held) != _priced(self.entry)

    @property
    def fact_changes(self) -> tuple[str, ...]:
        """Names of the facts that would change with it; what the map does not say stays."""
        if self.held is None:
            return ()
        return tuple(
            name
            for name in ("context_window", "retires_on")
            if getattr(self.entry, name) not in (None, getattr(self.held, name))
        )

    @property
    def is_chosen_at_first(self) -> bool:
        """In the catalogue already, and nothing about it is doubtful."""
        return self.kind == RowKind.CHANGED and not self.doubts

    @property
    def input_ratio(self) -> str:
        """``× 1.2``; empty where nothing changes or nothing is held."""
        return _ratio(self.held.input_usd, self.entry.input_usd) if self.held else ""

    @property
    def output_ratio(self) -> str:
        return _ratio(self.held.output_usd, self.entry.output_usd) if self.held else ""


def _priced(one: Held | Entry) -> tuple[object, ...]:
    return one.input_usd, one.output_usd, one.tiers, one.windows


def _ratio(old: Decimal | None, new: Decimal) -> str:
    if not old or not new or old == new:
        return ""
    ratio = float(new / old)
    return f"× {ratio:.0f}" if ratio >= 100 else f"× {ratio:.3g}"


def compare(entries: Iterable[Entry], held: Iterable[Held], today: datetime.date) -> list[Row]:
    """A row for each entry, in the order of its name.

    A model is known by its name, or by the map's ``provider/name`` where the catalogue keeps the
    name alone; an entry that is meant by no model of the catalogue is new.
    """
    known = tuple(entries)
    doubts = doubts_of(known, today)
    meant = _meant(known, {model.key: model for model in held})
    rows = [_row(entry, meant.get(entry.key), doubts.get(entry.key, ())) for entry in known]
    return sorted(rows, key=lambda row: row.key)


def _meant(entries: tuple[Entry, ...], held: Mapping[str, Held]) -> dict[str, Held]:
    """Name of an entry → the model it is about."""
    names = {entry.key for entry in entries}
    found = {key: model for key, model in held.items() if key in names}
    for entry in entries:
        provider, _, name = entry.key.partition("/")
        model = held.get(name)
        if model and name not in names and provider == model.provider:
            found[entry.key] = model
    return found


def _row(entry: Entry, held: Held | None, doubts: tuple[Doubt, ...]) -> Row:
    if held is None:
        return Row(entry.key, RowKind.NEW, entry, None, doubts)
    if held.input_usd is not None and held.output_usd is not None:
        doubts = (
            *doubts,
            *change_doubts(held.input_usd, entry.input_usd, "input"),
            *change_doubts(held.output_usd, entry.output_usd, "output"),
        )
    row = Row(held.key, RowKind.CHANGED, entry, held, doubts)
    if row.price_changes or row.fact_changes:
        return row
    return Row(held.key, RowKind.UNCHANGED, entry, held, doubts)
