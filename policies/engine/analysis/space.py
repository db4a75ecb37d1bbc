"""The space of requests as a product of finite fields, and its boxes as whole numbers.

Every attribute that some condition mentions is a field; its *atoms* are sets of values that all
conditions treat alike (a missing value is one of them). Since a router may hand over any value
of any declared attribute, and derived flags too where it hands over no prompt, every combination
of atoms is a request. ``class`` is one field more, for policies; unlike the others it follows
from the rest (see ``classes``).

A box is one integer: a bit for each atom of each field, and above each field a guard bit, always
0. So two boxes are intersected by ``&``, and ``((box | guards) - lows) & guards == guards`` tells
that no field is empty: subtracting 1 from a field borrows its guard exactly if the field is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.engine.analysis.samples import samples_of
from policies.engine.attributes import Attribute
from policies.engine.conditions import Box, Constraint, Value

CLASS = "class"


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute: where its bits stand and which sample values each atom holds."""

    name: str
    shift: int
    mask: int
    atoms: tuple[tuple[Value | None, ...], ...]

    @property
    def guard(self) -> int:
        return 1 << (self.shift + len(self.atoms))

    def where(self, constraint: Constraint) -> int:
        """The bits of the atoms for which a constraint holds; the first sample speaks for all."""
        return sum(
            1 << (self.shift + index)
            for index, atom in enumerate(self.atoms)
            if constraint.holds(atom[0])
        )

    def present(self) -> int:
        """The bits of the atoms that hold some value."""
        return sum(
            1 << (self.shift + index)
            for index, atom in enumerate(self.atoms)
            if any(value is not None for value in atom)
        )


@dataclass(frozen=True, slots=True)
class Cover:
    """A box, and the masks of the fields that it restricts."""

    box: int
    parts: tuple[int, ...]


class Space:
    """Fields for the attributes that the given boxes mention, and always one for ``class``."""

    def __init__(self, attributes: Mapping[str, Attribute], boxes: Iterable[Box]) -> None:
        tests: dict[str, dict[Constraint, None]] = {CLASS: {}}
        for box in boxes:
            for name, constraint in box.tests:
                tests.setdefault(name, {})[constraint] = None
        self.fields: dict[str, Field] = {}
        shift = 0
        for name in sorted(tests, key=list(attributes).index):
            atoms = _atoms(attributes[name], list(tests[name]))
            self.fields[name] = Field(name, shift, ((1 << len(atoms)) - 1) << shift, atoms)
            shift += len(atoms) + 1
        fields = self.fields.values()
        self.masks = tuple(field.mask for field in fields)
        self.full = sum(self.masks)
        self.guards = sum(field.guard for field in fields)
        self.lows = sum(1 << field.shift for field in fields)
        self._where: dict[tuple[str, Constraint], int] = {}
        self._samples: dict[tuple[str, int], tuple[Value | None, ...]] = {}

    def is_box(self, bits: int) -> bool:
        """Whether no field is empty."""
        return ((bits | self.guards) - self.lows) & self.guards == self.guards

    def cover(self, box: Box) -> Cover | None:
        """The box of a condition; None where no request can be in it."""
        bits = self.full
        for name, constraint in box.tests:
            key = (name, constraint)
            if key not in self._where:
                field = self.fields[name]
                self._where[key] = field.where(constraint) | self.full & ~field.mask
            bits &= self._where[key]
        return self.as_cover(bits) if self.is_box(bits) else None

    def as_cover(self, bits: int) -> Cover:
        return Cover(bits, tuple(mask for mask in self.masks if mask & ~bits))

    def of_class(self, keys: Iterable[str]) -> int:
        """The box of all requests of the given classes."""
        field = self.fields[CLASS]
        wanted = set(keys)
        bits = sum(
            1 << (field.shift + index)
            for index, atom in enumerate(field.atoms)
            if atom[0] in wanted
        )
        return bits | self.full & ~field.mask

    def samples(self, field: Field, box: int) -> tuple[Value | None, ...]:
        """Sample values of the atoms of one field that are in a box."""
        bits = box & field.mask
        found = self._samples.get((field.name, bits))
        if found is None:
            atoms = enumerate(field.atoms, start=field.shift)
            found = tuple(value for place, atom in atoms if bits >> place & 1 for value in atom)
            self._samples[field.name, bits] = found
        return found

    def complete(self) -> int:
        """The box of requests that lack no attribute that some condition mentions."""
        return sum(field.present() for field in self.fields.values())


def _atoms(
    attribute: Attribute, constraints: list[Constraint]
) -> tuple[tuple[Value | None, ...], ...]:
    """Samples grouped by which constraints hold for them; classes are kept apart."""
    if attribute.name == CLASS:
        return tuple((key,) for key in attribute.values or ())
    groups: dict[tuple[bool, ...], list[Value | None]] = {}
    for value in samples_of(attribute, constraints):
        alike = tuple(constraint.holds(value) for constraint in constraints)
        groups.setdefault(alike, []).append(value)
    return tuple(tuple(group) for group in groups.values())
