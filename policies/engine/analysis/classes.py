"""Requests and the class that the classification gives them.

A request is of class *k* exactly if some box with outcome *k* holds it and no earlier box with
another outcome does: whichever box then comes first has outcome *k*. So "is there a request of
class *k* in this box and outside those?" is one question to the solver for each box with outcome
*k*, the default last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..classification import RequestClassification
from .rule_lists import provided_boxes
from .solver import Solver
from .space import Cover, bits_of


@dataclass(frozen=True, slots=True)
class _Source:
    """A box (its class included) whose requests are of that class, outside the ``others``."""

    box: int
    others: int


class Classes:
    """Answers questions about requests together with their class."""

    def __init__(
        self, classification: RequestClassification, solver: Solver, idle: int = 0
    ) -> None:
        """``idle`` are covers known to decide nothing."""
        self._solver = solver
        self._sources: dict[int, list[_Source]] = {}
        self._all = 0
        earlier = 0
        by_class = dict.fromkeys(classification.class_keys, 0)
        for cover, key in list(_outcomes(classification, solver)):
            if not (cover.bit & idle or solver.holding(cover.box) & earlier):
                others = earlier & ~by_class[key] & solver.meeting(cover.box)
                earlier |= cover.bit
                by_class[key] |= cover.bit
                self._keep(_Source(cover.box & solver.space.of_class([key]), others))

    def _keep(self, source: _Source) -> None:
        bit = self._solver.space.as_cover(source.box).bit
        self._sources.setdefault(bit, []).append(source)
        self._all |= bit

    def ask(self, box: int, covers: int) -> int | None:
        """A box of requests, each with its own class, within ``box`` and outside the covers."""
        # Most questions that have no answer have none whatever the class of a request is.
        free = self._solver.ask(box, covers)
        if free is None:
            return None
        for source in self._meeting(free):
            if not self._solver.meeting(free & source.box) & source.others:
                return free & source.box
        for source in self._meeting(box):
            found = self._solver.ask(box & source.box, covers | source.others)
            if found is not None:
                return found
        return None

    def widened(self, found: int, within: int, covers: int) -> int:
        """A found box, as wide as its requests are certain to keep their class."""
        for source in self._meeting(found):
            if not found & ~source.box and not self._solver.meeting(found) & source.others:
                return self._solver.widened(found, within & source.box, covers | source.others)
        return found

    def _meeting(self, box: int) -> Iterator[_Source]:
        for bit in bits_of(self._solver.meeting(box) & self._all):
            yield from self._sources[bit]


def _outcomes(classification: RequestClassification, solver: Solver) -> Iterable[tuple[Cover, str]]:
    """Every box of the classification with its class, in the order in which they are asked."""
    space = solver.space
    pairs = list(provided_boxes(classification))
    pairs += [(box, rule.class_key) for rule in classification.rules for box in rule.when.boxes]
    for box, key in pairs:
        for cover in space.covers_of(box):
            yield cover, key
    yield space.as_cover(space.full), classification.default_class
