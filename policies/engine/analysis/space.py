"""The space of requests as a product of finite fields, and its boxes as whole numbers.

Every attribute that some condition mentions is a field; its *atoms* are sets of values that all
conditions treat alike (a missing value is in one of them). A set is several fields: whether it is
there, and for each group of values that all conditions treat alike how many of them it holds (see
``set_fields``). Since a router may hand over any value
of any declared attribute, and derived flags too where it hands over no prompt, every combination
of atoms is a request. ``class`` is one field more, for policies; unlike the others it follows
from the rest (see ``classes``).

A box is one integer: a bit for each atom of each field, and above each field a guard bit, always
0. So two boxes are intersected by ``&``, and ``((box | guards) - lows) & guards == guards`` tells
that no field is empty: subtracting 1 from a field borrows its guard exactly if the field is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import and_

from ..attributes import Attribute
from ..canonical import LARGEST_EXACT_INTEGER
from ..conditions import Box, Constraint, Value
from .samples import Atom, atoms_of
from .set_fields import atoms_of_group, groups_of, set_boxes

CLASS = "class"


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute, or a part of a set: where its bits stand and which sample values each atom
    holds. ``name`` is the attribute's.
    """

    name: str
    shift: int
    mask: int
    atoms: tuple[Atom, ...]

    @property
    def guard(self) -> int:
        return 1 << (self.shift + len(self.atoms))

    @property
    def blank(self) -> int:
        """The bit of the atom that a missing value is in; 0 for the class, which none lacks."""
        return self._bits(None in atom for atom in self.atoms)

    def of_values(self, values: Iterable[str]) -> int:
        """The bits of the atoms whose first sample is one of the values."""
        wanted = set(values)
        return self._bits(atom[0] in wanted for atom in self.atoms)

    def present(self) -> int:
        """The bits of the atoms that hold some value."""
        return self._bits(any(value is not None for value in atom) for atom in self.atoms)

    def _bits(self, flags: Iterable[bool]) -> int:
        return sum(1 << place for place, flag in enumerate(flags, start=self.shift) if flag)


@dataclass(frozen=True, slots=True)
class Cover:
    """A box, and the bit that stands for it in sets of covers, which are integers too."""

    box: int
    bit: int


def bits_of(covers: int) -> Iterator[int]:
    """The bits of a set of covers, from the first."""
    while covers:
        bit = covers & -covers
        yield bit
        covers ^= bit


class Space:
    """Fields for the attributes that the given boxes mention, and always one for ``class``."""

    def __init__(self, attributes: Mapping[str, Attribute], boxes: Iterable[Box]) -> None:
        tests: dict[str, dict[Constraint, None]] = {CLASS: {}}
        for box in boxes:
            for name, constraint in box.tests:
                tests.setdefault(name, {})[constraint] = None
        # By name; the groups of values of a set by its name and their place.
        self.fields: dict[str | tuple[str, int], Field] = {}
        # For each constraint the boxes in which it holds, fields of other attributes left empty.
        self._where: dict[tuple[str, Constraint], list[int]] = {}
        self._shift = 0
        for name in sorted(tests, key=list(attributes).index):
            if attributes[name].type == "set":
                self._add_set(name, list(tests[name]))
            else:
                self._add(attributes[name], list(tests[name]))
        fields = self.fields.values()
        self.masks = tuple(field.mask for field in fields)
        self._of = {
            name: sum(field.mask for field in fields if field.name == name) for name in tests
        }
        self.full = sum(self.masks)
        self.guards = sum(field.guard for field in fields)
        self.lows = sum(1 << field.shift for field in fields)
        self._blanks = {field.shift: field.blank for field in fields}
        # Every cover so far, at the place of its bit.
        self.covers: list[Cover] = []
        self._covers: dict[int, Cover] = {}
        self._samples: dict[int, tuple[Value | None, bool]] = {}

    def _add(self, attribute: Attribute, constraints: list[Constraint]) -> None:
        name = attribute.name
        atoms, places = atoms_of(attribute, constraints, apart=name == CLASS)
        shift = self._add_field(name, name, atoms)
        for constraint, bits in zip(constraints, places, strict=True):
            self._where[name, constraint] = [bits << shift]

    def _add_set(self, name: str, constraints: list[Constraint]) -> None:
        groups = groups_of(constraints)
        there = self._add_field(name, name, (((),), (None,)))
        shifts = [
            self._add_field((name, place), name, atoms_of_group(group, constraints))
            for place, group in enumerate(groups)
        ]
        masks = [self.fields[name, place].mask for place in range(len(groups))]
        for constraint in constraints:
            self._where[name, constraint] = [
                box.there << there
                | sum(
                    masks[place] if bits is None else bits << shifts[place]
                    for place, bits in enumerate(box.held)
                )
                for box in set_boxes(constraint, groups, constraints)
            ]

    def _add_field(self, key: str | tuple[str, int], name: str, atoms: tuple[Atom, ...]) -> int:
        """Where the bits of the new field begin."""
        shift = self._shift
        self.fields[key] = Field(name, shift, ((1 << len(atoms)) - 1) << shift, atoms)
        self._shift += len(atoms) + 1
        return shift

    def is_box(self, bits: int) -> bool:
        """Whether no field is empty."""
        return ((bits | self.guards) - self.lows) & self.guards == self.guards

    def covers_of(self, box: Box) -> Iterator[Cover]:
        """The box of a condition, as boxes that together hold its requests: several where it asks
        a set for any of some values, none where no request can be in it.
        """
        asked = [
            [bits | self.full & ~self._of[name] for bits in self._where[name, constraint]]
            for name, constraint in box.tests
        ]
        for alternatives in product(*asked):
            bits = reduce(and_, alternatives, self.full)
            if self.is_box(bits):
                yield self.as_cover(bits)

    def as_cover(self, bits: int) -> Cover:
        """The cover that a box is; equal boxes are one."""
        found = self._covers.get(bits)
        if found is None:
            found = self._covers[bits] = Cover(bits, 1 << len(self.covers))
            self.covers.append(found)
        return found

    def of_class(self, keys: Iterable[str]) -> int:
        """The box of all requests of the given classes."""
        field = self.fields[CLASS]
        return field.of_values(keys) | self.full & ~field.mask

    def sample(self, field: Field, part: int) -> tuple[Value | None, bool]:
        """A value in some atoms of a field, if there is one, and whether it may be missing too."""
        found = self._samples.get(part)
        if found is None:
            places = (bit.bit_length() - 1 - field.shift for bit in bits_of(part))
            values = (value for place in places for value in field.atoms[place])
            first = next((value for value in values if value is not None), None)
            found = self._samples[part] = (_plain(first), bool(part & self._blanks[field.shift]))
        return found

    def complete(self) -> int:
        """The box of requests that lack no attribute that some condition mentions."""
        return sum(field.present() for field in self.fields.values())


def _plain(value: Value | None) -> Value | None:
    """A whole number as an integer, so that it is written without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT_INTEGER:
        return int(value)
    return value
