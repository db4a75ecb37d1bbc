"""One change, and how lists whose entries have names are compared."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from policies.wording.sentences import shown

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """``kind`` is added, removed, moved or changed; ``loosens`` marks a demand that got weaker."""

    kind: str
    sentence: str
    pointer: str
    loosens: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """How the entries of one list are named, told and compared."""

    key: str  # where the list stands in the document
    name: str  # the member that names an entry
    noun: str
    told: Callable[[Entry], str]
    compared: Callable[[Entry, Entry, str, str], Iterator[Change]]
    order_matters: bool = False
    removal_loosens: bool = False
    known_by: str = ""  # a member that tells an entry even under another name


def entries_of(document: object, key: str) -> list[tuple[int, Entry]]:
    """The objects of a list, with their places; anything else in it is passed over."""
    found = document.get(key) if isinstance(document, dict) else None
    items = found if isinstance(found, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]


def entry_changes(listing: Listing, old: Entry, new: Entry) -> Iterator[Change]:
    """Removed, added, renamed, moved and changed entries of a list, compared by name."""
    before, after = _by_name(listing, old), _by_name(listing, new)
    renamed = dict(_renamed(listing, before, after))
    for name, (index, entry) in before.items():
        if name not in after and name not in renamed.values():
            sentence = f"{listing.noun} “{name}” removed: {listing.told(entry)}."
            pointer = f"/{listing.key}/{index}"
            yield Change("removed", sentence, pointer, listing.removal_loosens)
    moved = _moved(before, after) if listing.order_matters else {}
    for name, (index, entry) in after.items():
        pointer = f"/{listing.key}/{index}"
        title = f"{listing.noun} “{name}”"
        if name in renamed:
            yield Change("changed", f"{title} was called “{renamed[name]}”.", pointer)
            yield from listing.compared(before[renamed[name]][1], entry, title, pointer)
        elif name not in before:
            place = f" at place {index + 1}" if listing.order_matters else ""
            yield Change("added", f"{title} added{place}: {listing.told(entry)}.", pointer)
        else:
            if name in moved:
                yield Change("moved", f"{title} moved {moved[name]}.", pointer)
            yield from listing.compared(before[name][1], entry, title, pointer)


def _by_name(listing: Listing, document: Entry) -> dict[str, tuple[int, Entry]]:
    named: dict[str, tuple[int, Entry]] = {}
    for index, entry in entries_of(document, listing.key):
        named.setdefault(shown(entry.get(listing.name)), (index, entry))
    return named


def _renamed(
    listing: Listing, before: dict[str, tuple[int, Entry]], after: dict[str, tuple[int, Entry]]
) -> Iterator[tuple[str, str]]:
    """New name → old name, where an entry is the same but for its name, or surely known by
    another member."""
    gone = {name: entry for name, (_, entry) in before.items() if name not in after}
    come = {name: entry for name, (_, entry) in after.items() if name not in before}
    for alike in (_same_but_for_name, _same_in_what_tells):
        for name, entry in list(come.items()):
            found = next((old for old in gone if alike(listing, gone[old], entry)), None)
            if found is not None:
                del gone[found], come[name]
                yield name, found


def _same_but_for_name(listing: Listing, old: Entry, new: Entry) -> bool:
    return {**old, listing.name: None} == {**new, listing.name: None}


def _same_in_what_tells(listing: Listing, old: Entry, new: Entry) -> bool:
    return bool(old.get(listing.known_by)) and old.get(listing.known_by) == new.get(
        listing.known_by
    )


def _moved(
    before: dict[str, tuple[int, Entry]], after: dict[str, tuple[int, Entry]]
) -> dict[str, str]:
    """The fewest entries whose moving explains the new order, each with where it went."""
    common = [name for name in after if name in before]
    stayed = _longest_increasing([before[name][0] for name in common])
    moved = {}
    for name in common:
        was, now = before[name][0], after[name][0]
        if was not in stayed:
            way = "up" if now < was else "down"
            moved[name] = f"{way}, from place {was + 1} to {now + 1}"
    return moved


def _longest_increasing(numbers: list[int]) -> set[int]:
    """The members of a longest increasing subsequence, by patience sorting."""
    tails: list[int] = []
    previous: dict[int, int | None] = {}
    for number in numbers:
        place = bisect.bisect_left(tails, number)
        previous[number] = tails[place - 1] if place else None
        tails[place : place + 1] = [number]
    kept: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = previous[last]
    return kept


def text_change(
    old: Entry, new: Entry, key: str, title: str, pointer: str, words: str
) -> Iterator[Change]:
    """A member that is told by its old and new value."""
    if old.get(key) != new.get(key):
        was, now = shown_or_nothing(old.get(key)), shown_or_nothing(new.get(key))
        yield Change("changed", f"{title}: {words} was {was}, is {now}.", f"{pointer}/{key}")


def description_change(old: Entry, new: Entry, title: str, pointer: str) -> Iterator[Change]:
    if (old.get("description") or "") != (new.get("description") or ""):
        sentence = f"{title}: the description was reworded."
        yield Change("changed", sentence, f"{pointer}/description")


def shown_or_nothing(value: object) -> str:
    return "nothing" if value in (None, "", []) else shown(value)
