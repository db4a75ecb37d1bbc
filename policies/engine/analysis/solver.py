"""Is there a request in this box and in none of those? Exact, by search.

The question is satisfiability over finite domains, so the search is that of Davis, Putnam,
Logemann and Loveland: a cover that leaves one field open takes its atoms away (unit propagation);
atoms of a field that no remaining cover needs there free the box of all covers that leave the
field open (pure literal); else a field is split (see ``branching``). Before that, counting may
tell that all is covered. All covers are looked at together, as the bits of integers (see
``cover_rows``).
"""

from __future__ import annotations

from .branching import (
    Parts,
    halves,
    leaving_two_open,
    likely_free,
    outnumbered,
)
from .cover_rows import FieldRows
from .space import Space

# Rounds of propagation, for one question and for a whole analysis.
QUESTION_BUDGET = 40_000
ANALYSIS_BUDGET = 150_000


class Undecided(Exception):
    """A question took more work than allowed."""


class Solver:
    """Answers within a budget of work; raises Undecided beyond it."""

    def __init__(
        self, space: Space, question: int = QUESTION_BUDGET, total: int = ANALYSIS_BUDGET
    ) -> None:
        self.space = space
        self.work = 0
        self.used = 0
        self._question = question
        self._total = total
        self._stop = 0
        self._rows = [FieldRows(field, space.covers) for field in space.fields.values()]
        self._added = 0

    def ask(self, box: int, covers: int) -> int | None:
        """A box within ``box`` that meets none of the covers, or None where they cover it all.

        Then covers among them that do so without the others are added to ``used``.
        """
        self._add_covers()
        left = covers
        guess = 0
        # Most often a request that lacks what it may lack is free.
        for rows in self._rows:
            part = box & rows.blank or box & rows.mask
            guess |= part
            left &= (rows.known.get(part) or rows.row(part))[0]
        if not left:
            return guess
        self._stop = min(self.work + self._question, self._total)
        found = self._free([box & rows.mask for rows in self._rows], covers)
        return sum(found) if found else None

    def meeting(self, box: int) -> int:
        """All covers that a box meets."""
        self._add_covers()
        covers = -1
        for rows in self._rows:
            part = box & rows.mask
            covers &= (rows.known.get(part) or rows.row(part))[0]
        return covers

    def holding(self, box: int) -> int:
        """All covers that a box is within."""
        self._add_covers()
        covers = -1
        for rows in self._rows:
            part = box & rows.mask
            covers &= (rows.known.get(part) or rows.row(part))[1]
        return covers

    def widened(self, found: int, within: int, covers: int) -> int:
        """A free box with as many fields as can be as wide as in ``within``, the last first."""
        self._add_covers()
        met = []
        for rows in self._rows:
            met.append(covers)
            covers &= rows.row_of(found & rows.mask)[0]
        # Covers that the fields already treated meet, and those still to come, are all that count.
        after = -1
        for rows, before in zip(reversed(self._rows), reversed(met), strict=True):
            part, wide = found & rows.mask, within & rows.mask | found & rows.mask
            row = rows.row_of(wide)[0]
            if wide != part and before & after & row:
                row = rows.row_of(part)[0]
            else:
                found |= wide
            after &= row
        return found

    def _add_covers(self) -> None:
        """Makes known the covers that the space has got since."""
        count = len(self.space.covers)
        if count == self._added:
            return
        for cover in self.space.covers[self._added :]:
            for rows in self._rows:
                rows.add(cover)
        for rows in self._rows:
            rows.known.clear()
        self._added = count

    def _free(self, parts: Parts, covers: int) -> Parts | None:
        waiting = [(parts, covers)]
        while waiting:
            settled = self._settled(*waiting.pop())
            if settled:
                parts, covers, opened = settled
                if not covers:
                    return parts
                tight = leaving_two_open(covers, opened)
                if not tight:
                    likely = likely_free(self._rows, parts, covers)
                    if likely:
                        return likely
                    if outnumbered(self._rows, parts, covers, opened):
                        self.used |= covers
                        continue
                split = halves(self._rows, self.space.covers, parts, tight or covers, opened)
                waiting.extend((half, covers) for half in split)
        return None

    def _settled(self, parts: Parts, covers: int) -> tuple[Parts, int, list[int]] | None:
        """The box after all that follows without a split; None where it is covered.

        With it the covers that still meet it, and for each field those that leave it open there.
        """
        while True:
            self.work += 1
            if self.work > self._stop:
                raise Undecided
            held = []
            for rows, part in zip(self._rows, parts, strict=True):
                row = rows.known.get(part) or rows.row(part)
                covers &= row[0]
                held.append(row[1])
            ones = twos = 0
            opened = []
            for holding in held:
                leave_open = covers & ~holding
                twos |= ones & leave_open
                ones |= leave_open
                opened.append(leave_open)
            whole = covers & ~ones
            if whole:
                self.used |= whole & -whole
                return None
            units = ones & ~twos
            if units:
                self.used |= units
                parts = self._without(parts, opened, units)
                if not all(parts):
                    return None
                continue
            purer = self._purer(parts, covers, opened)
            if purer is None:
                return parts, covers, opened
            parts, covers = purer

    def _without(self, parts: Parts, opened: list[int], units: int) -> Parts:
        """The box without what covers that leave one field open have there."""
        found = parts[:]
        for place, leave_open in enumerate(opened):
            taken = leave_open & units
            if taken:
                found[place] = self._rows[place].outside(parts[place], taken)
        return found

    def _purer(self, parts: Parts, covers: int, opened: list[int]) -> tuple[Parts, int] | None:
        """The box without atoms that some cover needs, where atoms without need remain."""
        found = None
        for place, leave_open in enumerate(opened):
            leave_open &= covers
            if leave_open:
                unneeded = self._rows[place].unneeded(parts[place], leave_open)
                if unneeded:
                    found = found or parts[:]
                    found[place] = unneeded
                    covers &= ~leave_open
        return (found, covers) if found else None
