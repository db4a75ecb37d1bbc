"""Requests and the class that the classification gives them.

A request is of class *k* exactly if some box with outcome *k* holds it and no earlier box with
another outcome does: whichever box then comes first has outcome *k*. So "is there a request of
class *k* in this box and outside those?" is one question to the solver for each box with outcome
*k*, the default last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policies.engine.analysis.rule_lists import is_within_any, provided_boxes
from policies.engine.analysis.solver import Solver, Undecided
from policies.engine.analysis.space import Cover
from policies.engine.classification import RequestClassification


@dataclass(frozen=True, slots=True)
class _Source:
    """A box (its class included) whose requests are of that class, outside the ``others``."""

    box: int
    others: tuple[Cover, ...]


class Classes:
    """Answers questions about requests together with their class."""

    def __init__(self, classification: RequestClassification, solver: Solver) -> None:
        self._solver = solver
        self._sources: dict[str, list[_Source]] = {key: [] for key in classification.class_keys}
        earlier: list[tuple[Cover, str]] = []
        for cover, key in _outcomes(classification, solver):
            if not is_within_any(cover.box, (other for other, _ in earlier)):
                source = self._source(cover, key, earlier)
                earlier.append((cover, key))
                if self._may_have_requests(source):
                    self._sources[key].append(source)

    def _source(self, cover: Cover, key: str, earlier: Iterable[tuple[Cover, str]]) -> _Source:
        space = self._solver.space
        others = [
            other
            for other, outcome in earlier
            if outcome != key and space.is_box(cover.box & other.box)
        ]
        return _Source(cover.box & space.of_class([key]), tuple(others))

    def _may_have_requests(self, source: _Source) -> bool:
        """Whether it is worth keeping; a source that is hard to decide is."""
        try:
            return self._solver.ask(source.box, source.others) is not None
        except Undecided:
            return True

    def ask(self, box: int, covers: Sequence[Cover]) -> int | None:
        """A box of requests, each with its own class, within ``box`` and outside the covers."""
        # Most questions that have no answer have none whatever the class of a request is.
        if self._solver.ask(box, covers) is None:
            return None
        for source in self._meeting(box):
            found = self._solver.ask(box & source.box, (*covers, *source.others))
            if found is not None:
                return found
        return None

    def widened(self, found: int, within: int, covers: Sequence[Cover]) -> int:
        """A found box, as wide as its requests are certain to keep their class."""
        for source in self._meeting(found):
            is_box = self._solver.space.is_box
            outside = not any(is_box(found & other.box) for other in source.others)
            if outside and not found & ~source.box:
                return self._solver.widened(found, within & source.box, (*covers, *source.others))
        return found

    def _meeting(self, box: int) -> Iterator[_Source]:
        for sources in self._sources.values():
            for source in sources:
                if self._solver.space.is_box(box & source.box):
                    yield source


def _outcomes(classification: RequestClassification, solver: Solver) -> Iterable[tuple[Cover, str]]:
    """Every box of the classification with its class, in the order in which they are asked."""
    space = solver.space
    pairs = list(provided_boxes(classification))
    pairs += [(box, rule.class_key) for rule in classification.rules for box in rule.when.boxes]
    for box, key in pairs:
        cover = space.cover(box)
        if cover is not None:
            yield cover, key
    yield space.as_cover(space.full), classification.default_class
