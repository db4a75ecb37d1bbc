"""The kinds of places that a document has, as form controls write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Kind(Enum):
    """How a leaf is typed. Blank is "" for TEXT, null for the OPTIONAL ones, NUMBER and JSON."""

    TEXT = "text"
    OPTIONAL_TEXT = "optional_text"
    NUMBER = "number"
    FLAG = "flag"
    LINES = "lines"
    OPTIONAL_LINES = "optional_lines"
    WORDS = "words"
    JSON = "json"


Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Leaf:
    """One control. ``source`` names a list of the vocabulary to choose from; ``choices`` is a
    list of its own. ``default`` stands for a member that is not there; with ``omit_blank`` a
    blank control leaves the member out, so that the parser's own default holds.
    """

    kind: Kind
    label: str
    default: Any = ""
    source: str = ""
    choices: Choices = ()
    widget: str = ""
    help: str = ""
    unit: str = ""
    placeholder: str = ""
    omit_blank: bool = False


class Omitted(Enum):
    """What a member is that must not be there."""

    OMITTED = "omitted"


OMITTED = Omitted.OMITTED


@dataclass(frozen=True)
class Applies:
    """A member belongs in its object only while the member ``by`` is one of ``values``;
    else it is ``otherwise``.
    """

    by: str
    values: tuple[str, ...]
    otherwise: Any = OMITTED


@dataclass(frozen=True)
class Record:
    """An object. ``applies`` says of some members when they belong there.

    A ``nullable`` record may be null; ``absent`` stands for one that is not there.
    """

    fields: Mapping[str, Shape]
    label: str = ""
    applies: Mapping[str, Applies] = field(default_factory=dict)
    nullable: bool = False
    absent: Any = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """A list of entries of one shape, which can be added, removed and moved.

    Entries of a list that ``folds`` are shown as a sentence each until one opens them.
    """

    item: Shape
    label: str
    folds: bool = False


@dataclass(frozen=True)
class OneOf:
    """Null, or an object with exactly one of these members."""

    options: Mapping[str, Leaf]
    label: str
    none_label: str


@dataclass(frozen=True)
class Condition:
    """A condition over attributes: groups of tests, of which one must hold whole."""

    label: str = "When"


Shape = Leaf | Record | Rows | OneOf | Condition


def named(words: tuple[str, ...]) -> Choices:
    """Choices whose labels are the words themselves, made readable."""
    return tuple((word, word.replace("_", " ").capitalize()) for word in words)


def text(label: str, **more: Any) -> Leaf:
    return Leaf(Kind.TEXT, label, **more)


def number(label: str, default: Any = None, **more: Any) -> Leaf:
    return Leaf(Kind.NUMBER, label, default, **more)


def flag(label: str, default: bool = False) -> Leaf:
    return Leaf(Kind.FLAG, label, default)


def description(label: str = "Description") -> Leaf:
    return text(label, widget="textarea")
