"""A cursor over a raw document that collects every problem with its pointer.

Readers never raise: on a problem they report it and return a harmless value of the right type
(``""``, ``0``, an empty list), so that one pass finds everything that is wrong.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from .canonical import LARGEST_EXACT_INTEGER, has_lone_surrogate
from .errors import DocumentError, Problem, pointer_token

T = TypeVar("T")

KEY_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}\Z")
KEY_RULE = "letters, digits, '_', '.' and '-', not starting with '.' or '-', at most 64 long"
MAX_NAME_LENGTH = 200
MAX_TEXT_LENGTH = 20_000
# What somebody may have meant takes a while to find, and a text of a megabyte can hold a hundred
# thousand unknown keys: of an object some are told, and a guess comes with the first problems.
MOST_UNKNOWN_TOLD = 5
MOST_GUESSED = 50


class Absent(Enum):
    """The value of a required member that is not there (already reported)."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def quoted(words: Iterable[str]) -> str:
    """Words for a message: ``"a", "b"``."""
    return ", ".join(f'"{word}"' for word in words)


def nearest(word: str, known: Collection[str]) -> str:
    """`` (did you mean "x"?)`` when a known word is close, else nothing."""
    close = difflib.get_close_matches(word[:MAX_NAME_LENGTH], list(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def unknown_key(guess: str, allowed: Iterable[str]) -> str:
    """What is said of a key that may not be there; `guess` as from `nearest`."""
    return f"unknown key{guess}; allowed keys are {quoted(allowed)}"


def kind_of(value: object) -> str:
    """What a raw value is, in JSON's words; containers are not written out."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


@dataclass(frozen=True, slots=True)
class Place:
    """A raw value, where it stands, and the log that its problems go to."""

    value: object
    pointer: str
    log: list[Problem]

    def report(self, message: str) -> None:
        self.log.append(Problem(self.pointer, message))

    def _expected(self, what: str) -> None:
        if self.value is not ABSENT:
            self.report(f"must be {what}, not {kind_of(self.value)}")

    def guess(self, word: str, known: Collection[str]) -> str:
        """As `nearest`, as long as few problems were found."""
        return nearest(word, known) if len(self.log) < MOST_GUESSED else ""

    def report_unknown(self, keys: Sequence[str], allowed: Collection[str]) -> None:
        """Reports the first few keys of an object that may not be there, and how many more."""
        for key in keys[:MOST_UNKNOWN_TOLD]:
            self.child(key, None).report(unknown_key(self.guess(key, allowed), allowed))
        if len(keys) > MOST_UNKNOWN_TOLD:
            self.report(f"has {len(keys) - MOST_UNKNOWN_TOLD:,} more unknown keys")

    def child(self, key: str | int, value: object) -> Place:
        return Place(value, self.pointer + pointer_token(key), self.log)

    def fields(self, *allowed: str) -> Fields:
        """The members of an object; reports other types and unknown keys."""
        if not isinstance(self.value, dict):
            self._expected("an object")
            return Fields(self, None)
        self.report_unknown([str(key) for key in self.value if key not in allowed], allowed)
        return Fields(self, self.value)

    def members(self) -> list[tuple[str, Place]]:
        """The members of an object whose keys are names the author chose."""
        if not isinstance(self.value, dict):
            self._expected("an object")
            return []
        return [(str(key), self.child(str(key), value)) for key, value in self.value.items()]

    def items(self, *, not_empty: bool = False, of: str = "entries") -> list[Place]:
        if not isinstance(self.value, list | tuple):
            self._expected(f"a list of {of}")
            return []
        if not_empty and not self.value:
            self.report(f"must not be an empty list of {of}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def nullable(self, read: Callable[[Place], T]) -> T | None:
        return None if self.value is None else read(self)

    def text(self, *, max_length: int = MAX_TEXT_LENGTH) -> str:
        """Free text, which may be empty."""
        if not isinstance(self.value, str):
            self._expected("text")
            return ""
        if has_lone_surrogate(self.value) or "\x00" in self.value:
            self.report("must be valid Unicode text, without NUL or lone surrogates")
            return ""
        if len(self.value) > max_length:
            self.report(f"must be at most {max_length} characters, not {len(self.value)}")
        return self.value

    def label(self) -> str:
        """A name for people or of a model: one line, not empty, no blank at its ends."""
        text = self.text(max_length=MAX_NAME_LENGTH)
        if isinstance(self.value, str) and (not text.isprintable() or text != text.strip()):
            self.report("must be one line of printable text without blanks at its ends")
            return ""
        if isinstance(self.value, str) and not self.value:
            self.report("must not be empty")
        return text

    def key(self) -> str:
        """An identifier: an attribute, a class, a rule id, a provider, a region."""
        if not isinstance(self.value, str):
            self._expected("text")
            return ""
        if not KEY_PATTERN.match(self.value):
            self.report(f"must be a name made of {KEY_RULE}")
            return ""
        return self.value

    def choice(self, options: Collection[str], *, what: str = "") -> str:
        """One of a closed list of words."""
        if isinstance(self.value, str) and self.value in options:
            return self.value
        if self.value is not ABSENT:
            hint = self.guess(self.value, options) if isinstance(self.value, str) else ""
            noun = f"{what}: " if what else ""
            self.report(f"must be {noun}one of {quoted(options)}{hint}")
        return ""

    def flag(self) -> bool:
        if isinstance(self.value, bool):
            return self.value
        self._expected("true or false")
        return False

    def number(
        self, *, at_least: float | None = None, at_most: float | None = None, above: bool = False
    ) -> float:
        """A finite number within ±2^53; integral floats come back as int, so they print short.

        ``above`` makes the lower bound strict. True and false are not numbers.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._expected("a number")
            return 0
        if not math.isfinite(value) if isinstance(value, float) else False:
            self.report("must be a finite number")
            return 0
        if abs(value) > LARGEST_EXACT_INTEGER:
            self.report("must lie between -2^53 and 2^53")
            return 0
        self._check_bounds(value, at_least, at_most, above)
        return int(value) if value == int(value) else value

    def _check_bounds(
        self, value: float, low: float | None, high: float | None, above: bool
    ) -> None:
        if low is not None and (value <= low if above else value < low):
            self.report(f"must be {'more than' if above else 'at least'} {low:g}")
        if high is not None and value > high:
            self.report(f"must be at most {high:g}")

    def integer(self, *, at_least: int = 0, at_most: int = LARGEST_EXACT_INTEGER) -> int:
        value = self.number(at_least=at_least, at_most=at_most)
        if value != int(value):
            self.report("must be a whole number")
            return at_least
        return int(value)

    def schema(self) -> None:
        """The member ``schema``, which every document carries."""
        if self.value is not ABSENT and (self.value != 1 or isinstance(self.value, bool)):
            self.report("must be 1, the only schema there is")


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of one object, by name. ``members`` is None when there was no object."""

    place: Place
    members: dict[str, object] | None

    def required(self, key: str) -> Place:
        """A member that must be there; its absence is reported once, where it should stand."""
        if self.members is None:
            return self.place.child(key, ABSENT)
        if key not in self.members:
            self.place.child(key, None).report("is required")
            return self.place.child(key, ABSENT)
        return self.place.child(key, self.members[key])

    def optional(self, key: str, default: object) -> Place:
        """A member with a default, which is read exactly as if it had been written."""
        members = {} if self.members is None else self.members
        return self.place.child(key, members.get(key, default))

    def has(self, key: str) -> bool:
        return self.members is not None and key in self.members


def report_repeats(entries: Iterable[tuple[Place, str]], what: str) -> None:
    """Reports every value that an earlier entry already has; empty values are passed over."""
    first: dict[str, str] = {}
    for place, value in entries:
        if value and value in first:
            place.report(f'"{value}" is already used at {first[value]}; each {what} must differ')
        elif value:
            first[value] = place.pointer


def unique_words(place: Place, read: Callable[[Place], str], what: str) -> tuple[str, ...]:
    """A list of distinct words, each read by ``read``."""
    entries = [(item, read(item)) for item in place.items(of=f"entries, each a {what}")]
    report_repeats(entries, what)
    return tuple(word for _, word in entries)


def parsed(raw: object, read: Callable[[Place], T]) -> T:
    """Runs a reader over a whole raw document; raises DocumentError with all its problems."""
    log: list[Problem] = []
    result = read(Place(raw, "", log))
    if log:
        raise DocumentError(log)
    return result
