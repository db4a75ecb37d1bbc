"""How the attributes of a request become one mask: see ``masks``.

Values are read as ``request.usable`` reads them; what comes in an unusual type goes through it.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..attributes import Attribute
from ..canonical import LARGEST_EXACT_INTEGER, has_lone_surrogate
from ..request import Given, Request, usable
from ..text import folded, pattern_found
from .masks import Tests

MOST_SETS_REMEMBERED = 4096
MOST_EXACT = LARGEST_EXACT_INTEGER
LEAST_EXACT = -LARGEST_EXACT_INTEGER
Tested = Iterable[tuple[Attribute, Tests]]


class Inputs:
    """The attributes that rules test, by type. ``whole`` has the bits of all boxes.

    One method with plain loops over tuples: calls and attributes of objects would take half of the
    time of a decision.
    """

    def __init__(self, tested: Tested, whole: int) -> None:
        of: dict[str, list[tuple[Attribute, Tests]]] = {}
        for attribute, tests in tested:
            of.setdefault(attribute.type, []).append((attribute, tests))
        categories = of.get("category", [])
        flags = [(entry, _flag(entry, tests)) for entry, tests in of.get("flag", [])]
        self._whole = whole
        self._closed = [_closed(*entry) for entry in categories if entry[0].values is not None]
        self._open = [_open(*entry) for entry in categories if entry[0].values is None]
        self._numbers = [_number(*entry) for entry in of.get("number", [])]
        self._sets = [(*entry, entry[1].named()) for entry in of.get("set", [])]
        self._sets_known: dict[tuple[int, frozenset[str]], int] = {}
        self._flags = [masks for _, masks in flags]
        self._plain_flags = [masks for entry, masks in flags if entry.derived_from is None]
        self._derived = [
            (entry.derived_from, tuple(map(folded, entry.derived_from.keywords)), *masks[1:3])
            for entry, masks in flags
            if entry.derived_from is not None
        ]

    def mask(self, request: Request) -> int:
        """The boxes that hold for a request."""
        given = request.attributes
        get = given.get
        mask = self._whole
        try:
            for name, by_text in self._closed:
                mask &= by_text[get(name)]
        except (KeyError, TypeError):  # a text that is not declared, or what no category is
            mask = self._closed_mask(given)
        if self._open:
            mask &= self._open_mask(given)
        for name, cuts, masks, attribute in self._numbers:
            number: Any = get(name)
            if number is not None:
                kind = type(number)
                # Doubles hold each of these whole numbers, and are compared twice as fast.
                if kind is int and LEAST_EXACT <= number <= MOST_EXACT:
                    number = float(number)
                elif kind is not float:
                    number = usable(attribute, number)
            mask &= masks[-1 if number is None else bisect_right(cuts, number)]
        flags = self._flags
        if self._derived and isinstance(request.prompt, str):
            mask &= self._derived_mask(request.prompt)
            flags = self._plain_flags
        for name, yes, no, missing in flags:
            value = get(name)
            mask &= yes if value is True else no if value is False else missing
        return mask & self._sets_mask(given) if self._sets else mask

    def _closed_mask(self, given: Mapping[str, Given]) -> int:
        mask = self._whole
        for name, by_text in self._closed:
            value = given.get(name)
            mask &= by_text.get(value if isinstance(value, str) else None, by_text[None])
        return mask

    def _open_mask(self, given: Mapping[str, Given]) -> int:
        mask = self._whole
        for name, named, missing, others in self._open:
            value = given.get(name)
            if isinstance(value, str):
                mask &= named(value) or (missing if has_lone_surrogate(value) else others)
            else:
                mask &= missing
        return mask

    def _derived_mask(self, prompt: str) -> int:
        mask, searched = self._whole, folded(prompt)
        for derivation, keywords, yes, no in self._derived:
            if derivation.pattern is not None:
                found = pattern_found(derivation.pattern, prompt)
            else:
                found = any(keyword in searched for keyword in keywords)
            mask &= yes if found else no
        return mask

    def _sets_mask(self, given: Mapping[str, Given]) -> int:
        """A set's mask follows from the named texts that it holds, and is remembered by them."""
        mask, known = self._whole, self._sets_known
        for place, (attribute, tests, named) in enumerate(self._sets):
            held = usable(attribute, given.get(attribute.name))
            if not isinstance(held, tuple):
                mask &= tests.mask(None)
                continue
            key = (place, named.intersection(held))
            found = known.get(key)
            if found is None:
                found = tests.mask(tuple(sorted(key[1])))
                if len(known) >= MOST_SETS_REMEMBERED:
                    known.clear()
                known[key] = found
            mask &= found
        return mask


def _closed(attribute: Attribute, tests: Tests) -> tuple[str, dict[Any, int]]:
    """Of a category with declared values: its name and mask by text; None has that of all else."""
    named, others = tests.by_text()
    masks: dict[Any, int] = {text: named.get(text, others) for text in attribute.values or ()}
    return attribute.name, {**masks, None: tests.mask(None)}


def _open(attribute: Attribute, tests: Tests) -> tuple[str, Callable[[str], int | None], int, int]:
    """Of a category of any text: its name, mask by text, that of none, that of another text.

    No mask is 0, since each has the bits of the boxes that always hold.
    """
    named, others = tests.by_text()
    return attribute.name, named.get, tests.mask(None), others


def _number(attribute: Attribute, tests: Tests) -> tuple[str, list[float], list[int], Attribute]:
    """Of a number: its name, cuts, the masks between them, and itself. NaN and what is above the
    highest number that counts come after the last cut, and are missing.
    """
    missing = tests.mask(None)
    lowest, highest = attribute.within or (-sys.float_info.max, sys.float_info.max)
    beyond = math.nextafter(highest, math.inf)
    inside, masks = tests.by_number()
    low, high = bisect_right(inside, lowest), bisect_left(inside, beyond)
    cuts = list(map(float, [lowest, *inside[low:high], beyond]))
    return attribute.name, cuts, [missing, *masks[low : high + 1], missing], attribute


def _flag(attribute: Attribute, tests: Tests) -> tuple[str, int, int, int]:
    return attribute.name, tests.mask(True), tests.mask(False), tests.mask(None)
