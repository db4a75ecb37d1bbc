"""Where the search goes on when nothing more follows: what to try first, and how to split a box.

All but `outnumbered`, which proves a box covered, only choose: a wrong choice costs time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from .cover_rows import FieldRows
from .space import Cover, bits_of

# The part of each field that a box has.
Parts = list[int]
# Fields with more atoms are split along a cover instead of atom by atom.
MOST_ATOMS = 64
# So many covers are compared for that.
MOST_COMPARED = 16
# More atoms than this make a field no worse to split.
COUNTED_ATOMS = 16


def leaving_two_open(covers: int, opened: Sequence[int]) -> int:
    """Those of the covers, each of which leaves two fields or more open, that leave no third."""
    ones = twos = threes = 0
    for leave_open in opened:
        threes |= twos & leave_open
        twos |= ones & leave_open
        ones |= leave_open
    return covers & ~threes


def likely_free(fields: Sequence[FieldRows], parts: Parts, covers: int) -> Parts | None:
    """A free box, by taking in field after field the atom in fewest of the covers that are left;
    None where that does not lead to one.
    """
    found = parts[:]
    for place, rows in enumerate(fields):
        found[place], covers = rows.rarest(parts[place], covers)
        if not covers:
            return found
    return None


def outnumbered(
    fields: Sequence[FieldRows], parts: Parts, covers: int, opened: Sequence[int]
) -> bool:
    """Whether there are more covers than one request can be outside of: in each field no more
    than its best atom is outside of. That proves the box covered.
    """
    left = covers.bit_count()
    for rows, part, leave_open in zip(fields, parts, opened, strict=True):
        if leave_open:
            left -= rows.most_outside(part, leave_open)
            if left <= 0:
                return False
    return True


def halves(
    fields: Sequence[FieldRows],
    all_covers: Sequence[Cover],
    parts: Parts,
    covers: int,
    opened: Sequence[int],
) -> list[Parts]:
    """The box in two, the one to be searched first last.

    ``covers`` are some that leave open what ``opened`` says. The field with few atoms to many of
    them is split into its atom in fewest of them and the others.
    """
    best, chosen = 0.0, 0
    for place, leave_open in enumerate(opened):
        tight = (leave_open & covers).bit_count()
        weight = tight / min(parts[place].bit_count(), COUNTED_ATOMS)
        if weight > best:
            best, chosen = weight, place
    rows, part = fields[chosen], parts[chosen]
    one, rest = parts[:], parts[:]
    if part.bit_count() > MOST_ATOMS:
        some = islice(bits_of(opened[chosen] & covers), MOST_COMPARED)
        within = (part & all_covers[bit.bit_length() - 1].box for bit in some)
        along = max(within, key=int.bit_count)
        one[chosen], rest[chosen] = along, part ^ along
        return [one, rest]
    covers = opened[chosen]
    atom = min(bits_of(part), key=lambda atom: (rows.row_of(atom)[0] & covers).bit_count())
    one[chosen], rest[chosen] = atom, part ^ atom
    return [rest, one]
