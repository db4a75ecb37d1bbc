"""Is there a request in this box and in none of those? Exact, by search.

The question is satisfiability over finite domains, so the search is that of Davis, Putnam,
Logemann and Loveland: a cover that leaves one field open takes its atoms away (unit propagation);
atoms of a field that no remaining cover needs there free the box of all covers that leave the
field open (pure literal); else a field is split along a cover that leaves few fields open. All
covers are looked at together, as the bits of integers (see ``cover_rows``).
"""

from __future__ import annotations

from policies.engine.analysis.cover_rows import FieldRows
from policies.engine.analysis.space import Space

# Rounds of propagation, for one question and for a whole analysis.
QUESTION_BUDGET = 40_000
ANALYSIS_BUDGET = 150_000
# So many covers are compared to choose one to split along.
MOST_COMPARED = 16

Parts = list[int]


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
                tight = _leaving_two_open(covers, opened)
                if not tight:
                    likely = self._likely(parts, covers)
                    if likely:
                        return likely
                    if self._outnumbered(parts, covers, opened):
                        self.used |= covers
                        continue
                waiting.extend(self._halves(parts, covers, opened, tight or covers))
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

    def _likely(self, parts: Parts, covers: int) -> Parts | None:
        """A free box, by taking in field after field the atom in fewest of the covers that are
        left; None where that does not lead to one.
        """
        found = parts[:]
        for place, rows in enumerate(self._rows):
            found[place], covers = rows.rarest(parts[place], covers)
            if not covers:
                return found
        return None

    def _halves(
        self, parts: Parts, covers: int, opened: list[int], of: int
    ) -> list[tuple[Parts, int]]:
        """The box in two, along a part of one of the covers ``of``."""
        place, along = self._largest(parts, of, opened)
        inside, outside = parts[:], parts[:]
        inside[place] &= along
        outside[place] &= ~along
        return [(inside, covers), (outside, covers)]

    def _outnumbered(self, parts: Parts, covers: int, opened: list[int]) -> bool:
        """Whether there are more covers than one request can be outside of: in each field no
        more than its best atom is outside of.
        """
        left = covers.bit_count()
        for rows, part, leave_open in zip(self._rows, parts, opened, strict=True):
            if leave_open:
                left -= rows.most_outside(part, leave_open)
                if left <= 0:
                    return False
        return True

    def _largest(self, parts: Parts, covers: int, opened: list[int]) -> tuple[int, int]:
        """A field and a cover's part of it, of a cover that takes a large share of the box."""
        best, found = 0.0, (0, 0)
        for _ in range(MOST_COMPARED):
            bit = covers & -covers
            if not bit:
                break
            covers ^= bit
            box = self.space.covers[bit.bit_length() - 1].box
            share, smallest = 1.0, (2.0, 0)
            for place, leave_open in enumerate(opened):
                if leave_open & bit:
                    part = parts[place]
                    of_field = (box & part).bit_count() / part.bit_count()
                    share *= of_field
                    smallest = min(smallest, (of_field, place))
            if share > best:
                best, place = share, smallest[1]
                found = place, box & self._rows[place].mask
        return found


def _leaving_two_open(covers: int, opened: list[int]) -> int:
    """Those of the covers, each of which leaves two fields or more open, that leave no third."""
    ones = twos = threes = 0
    for leave_open in opened:
        threes |= twos & leave_open
        twos |= ones & leave_open
        ones |= leave_open
    return covers & ~threes
