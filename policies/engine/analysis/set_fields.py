"""Sets as fields of the space of requests.

Values that stand in exactly the same lists of the constraints on a set are a *group*: what matters
of a set is whether it is there, and how many of each group it holds: none, some or all. So a set
is one field for being there and one for each group, which grows with the lists and not with the
subsets of their values. ``has_all`` and ``has_none`` are boxes in it; ``has_any`` is the union of a
box for each group. Every one of them asks that the set is there; so what the fields of the groups
say of a set that is missing makes no difference, and each such point is the request without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..conditions import Constraint, Has, Present
from .samples import Atom

THERE, MISSING = 0b01, 0b10
Group = tuple[str, ...]


class SetBox(NamedTuple):
    """The bits of being there, and for each group those of what it may hold, None for any."""

    there: int
    held: list[int | None]


def groups_of(constraints: Sequence[Constraint]) -> list[Group]:
    """The values that the constraints name, in groups, in the order in which they are named."""
    tests = [constraint for constraint in constraints if isinstance(constraint, Has)]
    groups: dict[tuple[bool, ...], list[str]] = {}
    for value in dict.fromkeys(value for test in tests for value in test.values):
        standing = tuple(
            value in named
            for test in tests
            for named in (test.has_any, test.has_all, test.has_none)
        )
        groups.setdefault(standing, []).append(value)
    return [tuple(group) for group in groups.values()]


def atoms_of_group(group: Group, constraints: Sequence[Constraint]) -> tuple[Atom, ...]:
    """None of the group; some of it; and all of it, where that is not the same to each constraint.

    The samples are the values held.
    """
    some: tuple[Atom, ...] = (((),), (group[:1],))
    return (*some, (group,)) if _counts_all(group, constraints) else some


def _counts_all(group: Group, constraints: Sequence[Constraint]) -> bool:
    """Whether one value of the group may be less than a constraint asks for."""
    tests = [constraint for constraint in constraints if isinstance(constraint, Has)]
    return len(group) > 1 and any(group[0] in test.has_all for test in tests)


def set_boxes(
    constraint: Constraint, groups: Sequence[Group], constraints: Sequence[Constraint]
) -> Iterator[SetBox]:
    """The boxes in which a constraint on a set holds."""
    if isinstance(constraint, Present):
        yield SetBox(THERE if constraint.expected else MISSING, [None] * len(groups))
        return
    if not isinstance(constraint, Has) or constraint.is_empty():
        return
    held: list[int | None] = [None] * len(groups)
    for place, group in enumerate(groups):
        if group[0] in constraint.has_none:
            held[place] = 0b001
        if group[0] in constraint.has_all:
            held[place] = 0b100 if _counts_all(group, constraints) else 0b010
    if not constraint.has_any:
        yield SetBox(THERE, held)
    for place, group in enumerate(groups):
        if group[0] in constraint.has_any:
            some = 0b110 if _counts_all(group, constraints) else 0b010
            asked = held[place]
            either = some if asked is None else some & asked
            yield SetBox(THERE, [*held[:place], either, *held[place + 1 :]])
