"""What of an entry does not look right, next to itself and to its siblings.

The map is kept by many hands: it has had entries ten times too cheap, and prices per character
entered as prices per token (a sixteenth of the right ones: four characters are about a token, and
someone divided instead of multiplying).
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from policies.pricing.price_map import Entry

FAR_FROM_SIBLINGS = 8
CHANGED_A_LOT = 2
# Per token, a price is about four times that per character; this far off is no rounding.
LEAST_TOKEN_TO_CHARACTER = Decimal("1.5")
DEAREST = Decimal(1000)  # USD per million tokens: five times the dearest model ever sold
SMALLEST_WINDOW, LARGEST_WINDOW = 1_000, 20_000_000

# What tells versions of one model apart: dates, running numbers, stages.
_VERSION = re.compile(
    r"[-@](\d{4}-\d{2}-\d{2}|\d{2}-\d{4}|\d{2}-\d{2}|\d{3,8}|v\d+(:\d+)?"
    r"|preview|latest|exp|experimental|beta)\Z"
)
_STAGE = re.compile(r"[-@](preview|exp|experimental|beta)\b")
_MINOR_VERSION = re.compile(r"(\d+)\.\d+\Z")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an entry may be wrong. ``code`` is stable; the sentence says what stands beside it."""

    code: str
    sentence: str


def doubts_of(entries: Iterable[Entry], today: datetime.date) -> dict[str, tuple[Doubt, ...]]:
    """Every doubt by the model's name; models that look right are not in it."""
    known = tuple(entries)
    families = _families(known)
    found = {
        entry.key: (*_alone(entry), *_retired(entry, today), *_beside(entry, families))
        for entry in known
    }
    return {key: doubts for key, doubts in found.items() if doubts}


def change_doubts(held: Decimal, offered: Decimal, side: str) -> Iterator[Doubt]:
    """A price that at least doubles or halves is looked at by a person."""
    if not held or not offered:
        return
    ratio = offered / held
    if ratio > CHANGED_A_LOT or ratio * CHANGED_A_LOT < 1:
        sentence = f"The {side} price would be {times(ratio)} what it is now."
        yield Doubt("changed_a_lot", sentence)


def times(ratio: Decimal) -> str:
    """``16 times`` or ``1/16 of``."""
    if ratio >= 1:
        return f"{_short(ratio)} times"
    return f"1/{_short(1 / ratio)} of"


def _short(ratio: Decimal) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{float(ratio):.2g}"


def _alone(entry: Entry) -> Iterator[Doubt]:
    if not entry.input_usd or not entry.output_usd:
        yield Doubt("free", "A price of zero: free, or not known to who wrote it.")
    elif entry.output_usd * 2 <= entry.input_usd:
        ratio = times(entry.output_usd / entry.input_usd)
        yield Doubt("cheap_output", f"Output costs {ratio} input; makers charge more for it.")
    if max(entry.input_usd, entry.output_usd) > DEAREST:
        yield Doubt("dear", "Over $1,000 per million tokens: is it a price per thousand?")
    yield from _unpriced(entry)
    yield from _per_character(entry)
    yield from _window(entry)


def _unpriced(entry: Entry) -> Iterator[Doubt]:
    """What the maker charges for and no price of the catalogue says."""
    if entry.reasoning_usd and entry.reasoning_usd > entry.output_usd:
        dearer = f"${entry.reasoning_usd.normalize():f}"
        yield Doubt(
            "reasoning",
            f"Reasoning tokens cost {dearer} per million, more than other output; the catalogue "
            "keeps one output price.",
        )
    if entry.has_other_hours:
        yield Doubt("hours", "It has prices by the hour in a form that is not read; add them.")
    if entry.fee_usd:
        fee = f"${entry.fee_usd.normalize():f}"
        yield Doubt("fee", f"Each request costs {fee} besides; the catalogue keeps no such fee.")


def _retired(entry: Entry, today: datetime.date) -> Iterator[Doubt]:
    if entry.retires_on is not None and entry.retires_on <= today:
        yield Doubt("retired", f"Its maker retired it on {entry.retires_on:%-d %B %Y}.")


def _per_character(entry: Entry) -> Iterator[Doubt]:
    for side, token, character in (
        ("input", entry.input_usd, entry.input_usd_per_mchar),
        ("output", entry.output_usd, entry.output_usd_per_mchar),
    ):
        if token and character and token < character * LEAST_TOKEN_TO_CHARACTER:
            ratio = times(token / character)
            yield Doubt(
                "per_character",
                f"The {side} price per token is {ratio} that per character; about 4 times would "
                "be right.",
            )
            return


def _window(entry: Entry) -> Iterator[Doubt]:
    window = entry.context_window
    if window is None:
        yield Doubt("no_window", "No context window is given.")
    elif not SMALLEST_WINDOW <= window <= LARGEST_WINDOW:
        yield Doubt("window", f"A context window of {window:,} tokens.")
    elif entry.max_output is not None and entry.max_output > window:
        yield Doubt("window", f"More output ({entry.max_output:,}) than fits ({window:,} tokens).")


def family_of(key: str) -> str:
    """The model without its version: ``gemini-1.5-pro-preview-0409`` → ``gemini-1.5-pro``."""
    name = key.rsplit("/", 1)[-1]
    while (shorter := _VERSION.sub("", name)) not in (name, ""):
        name = shorter
    return name


_Families = Mapping[tuple[str, str], list[Entry]]


def _families(entries: tuple[Entry, ...]) -> _Families:
    families: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        families[entry.provider, family_of(entry.key)].append(entry)
    return families


def _siblings(entry: Entry, families: _Families) -> list[Entry]:
    """Other versions of the model at its provider; finished ones where there are any.

    A minor version without siblings of its own (``claude-instant-1.2``) is held beside its major
    one (``claude-instant-1``).
    """
    family = family_of(entry.key)
    others = [other for other in families[entry.provider, family] if other.key != entry.key]
    if not others:
        major = _MINOR_VERSION.sub(r"\1", family)
        others = list(families.get((entry.provider, major), [])) if major != family else []
    priced = [other for other in others if other.input_usd and other.output_usd]
    return [other for other in priced if not _STAGE.search(other.key)] or priced


def _beside(entry: Entry, families: _Families) -> Iterator[Doubt]:
    siblings = _siblings(entry, families)
    for side, price, theirs in (
        ("input", entry.input_usd, [other.input_usd for other in siblings]),
        ("output", entry.output_usd, [other.output_usd for other in siblings]),
    ):
        if not price or not theirs:
            continue
        ratio = price / median(theirs)
        if ratio >= FAR_FROM_SIBLINGS or ratio * FAR_FROM_SIBLINGS <= 1:
            named = ", ".join(other.key for other in siblings[:3])
            yield Doubt("siblings", f"The {side} price is {times(ratio)} that of {named}.")
            return
