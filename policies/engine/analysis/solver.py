"""Is there a request in this box and in none of those? Exact, by search.

The question is satisfiability over finite domains, so the search is that of Davis, Putnam,
Logemann and Loveland: a cover that restricts one field only takes its atoms away (unit
propagation); atoms of a field that no remaining cover needs there free the box of all covers
that restrict the field (pure literal); else the box is split along the cover that restricts the
fewest fields. Rule lists of people nearly always end without a split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from policies.engine.analysis.space import Cover, Space

# Covers looked at, for one question and for a whole analysis: some tenths of a second and some
# seconds. Rule lists of people need a hundredth of it.
QUESTION_BUDGET = 1_000_000
ANALYSIS_BUDGET = 30_000_000

Restricted = list[tuple[Cover, list[int]]]


class Undecided(Exception):
    """A question took more work than allowed."""


class Solver:
    """Answers within a budget of work; raises Undecided beyond it."""

    def __init__(
        self, space: Space, question: int = QUESTION_BUDGET, total: int = ANALYSIS_BUDGET
    ) -> None:
        self.space = space
        self.work = 0
        self._question = question
        self._total = total
        self._stop = 0

    def ask(self, box: int, covers: Iterable[Cover]) -> int | None:
        """A box within ``box`` that meets none of the covers, or None where they cover it all."""
        self._stop = min(self.work + self._question, self._total)
        return self._free(box, covers)

    def widened(self, found: int, within: int, covers: Sequence[Cover]) -> int:
        """A free box with as many fields as can be as wide as in ``within``, the last first."""
        for mask in reversed(self.space.masks):
            wider = found | within & mask
            if not any(self.space.is_box(wider & cover.box) for cover in covers):
                found = wider
        return found

    def _free(self, box: int, covers: Iterable[Cover]) -> int | None:
        while True:
            box, left = self._propagate(box, covers)
            if not box or not left:
                return box or None
            purer = _pure(box, left)
            if purer == box:
                return self._split(box, left)
            box, covers = purer, [cover for cover, _ in left]

    def _propagate(self, box: int, covers: Iterable[Cover]) -> tuple[int, Restricted]:
        """Shrinks the box by covers that leave one field open; 0 where one covers it whole."""
        guards, lows = self.space.guards, self.space.lows
        while True:
            before, left = box, []
            for cover in covers:
                self.work += 1
                bits = cover.box
                if ((box & bits | guards) - lows) & guards != guards:
                    continue
                outside = box & ~bits
                open_parts = [mask for mask in cover.parts if outside & mask]
                if not open_parts:
                    return 0, []
                if len(open_parts) == 1:
                    box &= ~(bits & open_parts[0])
                else:
                    left.append((cover, open_parts))
            if self.work > self._stop:
                raise Undecided
            if box == before:
                return box, left
            covers = [cover for cover, _ in left]

    def _split(self, box: int, left: Restricted) -> int | None:
        cover, parts = min(left, key=lambda entry: len(entry[1]))
        covers = [other for other, _ in left if other is not cover]
        for mask in parts:
            outside = box & ~(cover.box & mask)
            found = self._free(outside, covers)
            if found is not None:
                return found
            box &= cover.box | ~mask
        return None


def _pure(box: int, left: Restricted) -> int:
    """The box without atoms that some cover needs, in fields where atoms without need remain."""
    needed: dict[int, int] = {}
    for cover, parts in left:
        for mask in parts:
            needed[mask] = needed.get(mask, 0) | cover.box & mask
    for mask, bits in needed.items():
        unneeded = box & mask & ~bits
        if unneeded:
            box = box & ~mask | unneeded
    return box
