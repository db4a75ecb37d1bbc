"""How two versions of a document that started from one are brought together, piece by piece.

What only one side changed is taken; what both changed alike is taken; what both changed
differently collides, and a collision keeps our version unless a choice says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from policies.engine.errors import pointer_token
from policies.wording.sentences import shown

OURS, THEIRS = "ours", "theirs"


class Absent:
    """Stands for what a version does not have."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
Entry = dict[str, Any]
Words = Mapping[str, tuple[str, Callable[[Any], str]]]
NO_WORDS: Words = {}


class Versions(NamedTuple):
    """One piece in the version both sides started from, in ours and in theirs."""

    base: Any
    ours: Any
    theirs: Any

    @property
    def collide(self) -> bool:
        """Whether both sides changed it, and not alike."""
        return self.ours not in (self.theirs, self.base) and self.theirs != self.base

    @property
    def settled(self) -> Any:
        """What is taken where they do not collide."""
        return self.theirs if self.ours == self.base else self.ours

    def are(self, kind: type) -> bool:
        return all(isinstance(version, kind) for version in self)

    def member(self, key: str, default: Any = ABSENT) -> Versions:
        """The same member of three objects."""
        return Versions(*(version.get(key, default) for version in self))

    def only(self, keys: Collection[str]) -> Versions:
        """Three objects with these members alone."""
        return Versions(*({k: v for k, v in side.items() if k in keys} for side in self))

    def without(self, keys: Collection[str]) -> Versions:
        """Three objects without these members."""
        return Versions(*({k: v for k, v in side.items() if k not in keys} for side in self))

    def names(self) -> list[str]:
        """Names of members of either side, ours first."""
        return list(dict.fromkeys([*self.ours, *self.theirs]))


@dataclass(frozen=True, slots=True)
class Collision:
    """One place that both sides changed in different ways.

    `name` is stable for the place and names it in choices (``rules[p1].when``). `pointer` leads
    into our document, or into theirs where ours has the place no more. `ours` and `theirs` say
    the two versions in words, `base` what both started from. `chosen` is empty while open.
    """

    name: str
    pointer: str
    place: str
    base: str
    ours: str
    theirs: str
    chosen: str = ""

    @property
    def sentence(self) -> str:
        return (
            f"{self.place}: this change says “{self.ours}”, the active release says "
            f"“{self.theirs}”; both started from “{self.base}”."
        )


@dataclass(frozen=True, slots=True)
class Where:
    """A place: its stable name, its words, its pointers in the two versions, how it is told."""

    name: str = ""
    place: str = ""
    ours: str | None = ""
    theirs: str | None = ""
    told: Callable[[Any], str] = shown

    def member(self, key: str, words: str = "", told: Callable[[Any], str] = shown) -> Where:
        """The place of a member of this object."""
        token = pointer_token(key)
        return Where(
            name=f"{self.name}.{key}" if self.name else key,
            place=f"{self.place}: {words or key}" if self.place else words or key,
            ours=None if self.ours is None else self.ours + token,
            theirs=None if self.theirs is None else self.theirs + token,
            told=told,
        )

    @property
    def pointer(self) -> str:
        return self.ours if self.ours is not None else self.theirs or ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A list whose entries have names. `merged` brings together an entry all three have."""

    name: str
    noun: str
    told: Callable[[Any], str]
    merged: Callable[[Merger, Versions, Where], Entry]
    order_matters: bool = False


@dataclass
class Merger:
    """Collects collisions while documents are brought together."""

    choices: Mapping[str, str] = field(default_factory=dict)
    collisions: list[Collision] = field(default_factory=list)

    def pick(self, versions: Versions, where: Where) -> Any:
        """One piece that is taken as a whole."""
        if not versions.collide:
            return versions.settled
        chosen = self.choices.get(where.name, "")
        self.collisions.append(
            Collision(
                name=where.name,
                pointer=where.pointer,
                place=where.place,
                base=_said(versions.base, where, "nothing"),
                ours=_said(versions.ours, where, "to remove it"),
                theirs=_said(versions.theirs, where, "to remove it"),
                chosen=chosen if chosen in (OURS, THEIRS) else "",
            )
        )
        return versions.theirs if chosen == THEIRS else versions.ours

    def members(self, versions: Versions, where: Where, words: Words = NO_WORDS) -> Entry:
        """Every member by itself, as a whole; ``words`` names them and tells their values."""
        merged: Entry = {}
        for key in versions.names():
            label, told = words.get(key, (key.replace("_", " "), shown))
            value = self.pick(versions.member(key), where.member(key, label, told))
            if value is not ABSENT:
                merged[key] = value
        return merged

    def nested(self, versions: Versions, where: Where) -> Any:
        """Objects member by member, all the way down; anything else as a whole."""
        if not versions.are(dict):
            return self.pick(versions, where)
        merged: Entry = {}
        for key in versions.names():
            place = where.member(key, key.replace("_", " "))
            value = self.nested(versions.member(key), place)
            if value is not ABSENT:
                merged[key] = value
        return merged

    def entries(self, listing: Keyed, versions: Versions, where: Where) -> Any:
        """A list entry by entry, then its order."""
        if not versions.collide:
            return versions.settled
        named = Versions(*(_by_name(listing, version) for version in versions))
        if not named.are(dict):
            return self.pick(versions, where)  # not lists of named entries
        kept: Entry = {}
        for name in named.names():
            entry = self._entry(listing, named.member(name), _place(listing, name, named, where))
            if entry is not ABSENT:
                kept[name] = entry
        return [kept[name] for name in self._order(listing, kept, named, where)]

    def _entry(self, listing: Keyed, versions: Versions, where: Where) -> Any:
        if versions.collide and versions.are(dict):
            return listing.merged(self, versions, where)
        return self.pick(versions, where)

    def _order(self, listing: Keyed, kept: Entry, named: Versions, where: Where) -> list[str]:
        """One side's order, with what only the other has put in after its neighbour there."""
        everywhere = [name for name in kept if all(name in side for side in named)]
        orders = Versions(*([name for name in side if name in everywhere] for side in named))
        picked = orders.settled
        if listing.order_matters:
            picked = self.pick(orders, where.member("order", "the order", _told_order))
        of_ours = picked == orders.ours
        first, second = (named.ours, named.theirs) if of_ours else (named.theirs, named.ours)
        return _woven([n for n in first if n in kept], [n for n in second if n in kept])


def _said(value: Any, where: Where, nothing: str) -> str:
    return nothing if value is ABSENT else where.told(value)


def _told_order(names: Any) -> str:
    return ", ".join(map(shown, names))


def _by_name(listing: Keyed, version: Any) -> Entry | None:
    """Entries by their name; None where that is not what the list holds."""
    if version is ABSENT:
        return {}
    if not isinstance(version, list):
        return None
    named: Entry = {}
    for entry in version:
        name = entry.get(listing.name) if isinstance(entry, dict) else None
        if not isinstance(name, str) or name in named:
            return None
        named[name] = entry
    return named


def _place(listing: Keyed, name: str, named: Versions, where: Where) -> Where:
    def pointer(prefix: str | None, side: Entry) -> str | None:
        if prefix is None or name not in side:
            return None
        return f"{prefix}/{list(side).index(name)}"

    title = f"{listing.noun} “{name}”"
    return Where(
        name=f"{where.name}[{name}]",
        place=f"{where.place}: {title}" if where.place else title,
        ours=pointer(where.ours, named.ours),
        theirs=pointer(where.theirs, named.theirs),
        told=listing.told,
    )


def _woven(skeleton: list[str], other: list[str]) -> list[str]:
    """The skeleton, and each name of `other` that it lacks after the one it follows there."""
    order = list(skeleton)
    previous: str | None = None
    for name in other:
        if name not in order:
            order.insert(0 if previous is None else order.index(previous) + 1, name)
        previous = name
    return order
