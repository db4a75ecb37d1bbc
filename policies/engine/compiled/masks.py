"""Which conditions an attribute's value satisfies, as the bits of an integer.

Each box of each rule has a bit. A value's *mask* has the bits of the boxes that the value satisfies
or that do not ask for its attribute. The boxes that hold for a request are those whose bit is in
the masks of all its values. The earlier a box, the higher its bit: the highest bit of a mask is of
the first rule that holds, and is what ``int.bit_length`` tells at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..conditions import Box, Condition, Constraint, Has, In, NotIn, Range, Value

# A text that no document can hold, so that no constraint names it.
UNNAMED = "\ud800"


@dataclass(frozen=True)
class Boxes:
    """The boxes of several rules in their order, and which rule each is of."""

    boxes: tuple[Box, ...]
    rules: tuple[int, ...]

    @property
    def all(self) -> int:
        return (1 << len(self.boxes)) - 1

    def testing(self, name: str, shift: int = 0) -> list[tuple[int, Constraint]]:
        """(bit, constraint) of each box that tests the attribute; the last one's is ``shift``."""
        return [
            (1 << (place + shift), constraint)
            for place, box in enumerate(reversed(self.boxes))
            for tested, constraint in box.tests
            if tested == name
        ]


def boxes_of(conditions: Iterable[Condition]) -> Boxes:
    """The boxes of rules and, last, one that always holds, of the rule after the last."""
    found = [(box, rule) for rule, condition in enumerate(conditions) for box in condition.boxes]
    rules = [rule for _, rule in found]
    last = rules[-1] + 1 if rules else 0
    return Boxes((*[box for box, _ in found], Box()), (*rules, last))


@dataclass(frozen=True)
class Tests:
    """What boxes ask of one attribute; ``rest`` are the bits of those that do not ask for it."""

    asked: Sequence[tuple[int, Constraint]]
    rest: int

    def mask(self, value: Value | None) -> int:
        """The mask of one value; None is a missing one."""
        return self.rest | sum(bit for bit, constraint in self.asked if constraint.holds(value))

    def by_text(self) -> tuple[dict[str, int], int]:
        """The masks of the texts that are named, and that of all others."""
        others = self.mask(UNNAMED)
        masks: dict[str, int] = {}
        for bit, constraint in self.asked:
            if isinstance(constraint, In | NotIn):
                # What is named is the exception from what holds for all others, either way.
                for text in set(constraint.values):
                    masks[text] = masks.get(text, others) ^ bit
        return masks, others

    def by_number(self) -> tuple[list[float], list[int]]:
        """Cuts in ascending order, and the masks below the first and from each one on."""
        spans = [(bit, *_span(constraint)) for bit, constraint in self.asked]
        cuts = sorted({cut for _, *span in spans for cut in span if math.isfinite(cut)})
        turns = dict.fromkeys(cuts, 0)
        mask = self.rest
        for bit, start, end in spans:
            if start >= end:
                continue
            if start == -math.inf:
                mask |= bit
            else:
                turns[start] ^= bit
            if end != math.inf:
                turns[end] ^= bit
        return cuts, [mask, *_running(mask, turns.values())]

    def named(self) -> frozenset[str]:
        """The texts that boxes ask a set for."""
        return frozenset(
            text
            for _, constraint in self.asked
            if isinstance(constraint, Has)
            for text in constraint.values
        )


def _span(constraint: Constraint) -> tuple[float, float]:
    """From which double on, up to before which one, a constraint on a number holds."""
    if not isinstance(constraint, Range):
        return (-math.inf, math.inf) if constraint.holds(0.0) else (math.inf, math.inf)
    starts = [-math.inf]
    ends = [math.inf]
    if constraint.gte is not None:
        starts.append(constraint.gte)
    if constraint.gt is not None:
        starts.append(math.nextafter(constraint.gt, math.inf))
    if constraint.lt is not None:
        ends.append(constraint.lt)
    if constraint.lte is not None:
        ends.append(math.nextafter(constraint.lte, math.inf))
    return max(starts), min(ends)


def _running(mask: int, turns: Iterable[int]) -> Iterator[int]:
    for turn in turns:
        mask ^= turn
        yield mask
