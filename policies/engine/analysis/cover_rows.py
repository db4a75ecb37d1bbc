"""Which covers meet a part of a field and which hold it, for all covers at once.

A set of covers is an integer, one bit a cover, so one ``&`` or ``|`` treats hundreds of them. A
box meets exactly the covers that meet its part of every field, and is within exactly those that
hold its part of every field. Parts come again and again, so what was found of one is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from .space import Cover, Field, bits_of

# (covers that meet a part, covers that hold all of it)
Row = tuple[int, int]
MOST_TRIED = 12


class FieldRows:
    """The covers seen from one field."""

    __slots__ = ("_all", "_open", "blank", "known", "mask", "parts")

    def __init__(self, field: Field, covers: Sequence[Cover]) -> None:
        self._all = covers
        self.mask, self.blank = field.mask, field.blank
        self.parts: dict[int, int] = {}
        self.known: dict[int, Row] = {}
        self._open = 0

    def add(self, cover: Cover) -> None:
        part = cover.box & self.mask
        if part == self.mask:
            self._open |= cover.bit
        else:
            self.parts[part] = self.parts.get(part, 0) | cover.bit

    def row(self, part: int) -> Row:
        """To be asked only where ``known`` has no answer; keeps it there."""
        if 1 < part.bit_count() < len(self.parts) // 2:
            meeting, holding = 0, -1
            for atom in bits_of(part):
                of_atom = self.row_of(atom)[0]
                meeting |= of_atom
                holding &= of_atom
        else:
            meeting = holding = self._open
            for other, covers in self.parts.items():
                if other & part:
                    meeting |= covers
                    if not part & ~other:
                        holding |= covers
        self.known[part] = found = (meeting, holding)
        return found

    def outside(self, part: int, covers: int) -> int:
        """The part without what any of the covers has of it."""
        if covers.bit_count() < len(self.parts):
            while covers and part:
                bit = covers & -covers
                covers ^= bit
                part &= ~self._all[bit.bit_length() - 1].box
            return part
        for other, others in self.parts.items():
            if others & covers:
                part &= ~other
                if not part:
                    break
        return part

    def rarest(self, part: int, covers: int) -> tuple[int, int]:
        """The atom in fewest of the covers, of a sample of a part's, and those that meet it; the
        whole part where none of the covers meets one atom and not another.
        """
        least, best, meeting = covers.bit_count() + 1, part, covers
        step, atoms = max(1, part.bit_count() // MOST_TRIED), 0
        rest = part
        if self.blank & part:
            best, meeting = self.blank, self.row_of(self.blank)[0] & covers
            least = meeting.bit_count()
            if not least:
                return best, 0
        while rest:
            atom = rest & -rest
            rest ^= atom
            atoms += 1
            if atoms % step:
                continue
            left = (self.known.get(atom) or self.row(atom))[0] & covers
            count = left.bit_count()
            if count < least:
                least, best, meeting = count, atom, left
                if not count:
                    break
        return best, meeting

    def most_outside(self, part: int, covers: int) -> int:
        """The largest number of the covers that one atom of a part is outside of."""
        most = 0
        while part:
            atom = part & -part
            part ^= atom
            outside = covers & ~(self.known.get(atom) or self.row(atom))[0]
            most = max(most, outside.bit_count())
        return most

    def unneeded(self, part: int, covers: int) -> int:
        """The atoms of a part for which none of the covers has any need."""
        if self.blank & part and not self.row_of(self.blank)[0] & covers:
            return self.blank
        return self.outside(part, covers)

    def row_of(self, part: int) -> Row:
        return self.known.get(part) or self.row(part)
