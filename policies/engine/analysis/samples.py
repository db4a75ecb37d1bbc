"""Sample values that stand for all values of an attribute that no condition can tell apart.

Numbers are cut at every bound that occurs, between the doubles: ``gte`` and ``lt`` cut just below
their bound, ``gt`` and ``lte`` just above. Categories have their declared values, or, where any
text may come, the values mentioned and one more. ``None`` is a missing value.

Which samples a constraint holds for is kept as an integer, bit i for sample i, and found from the
constraint's bounds or values at once rather than by trying every sample under every constraint.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ..attributes import Attribute
from ..conditions import Constraint, In, NotIn, Range, Value

LARGEST = sys.float_info.max
# 10^18 is above every token count and price; 10^-18 below every share.
DIGIT_PLACES = range(18, -19, -1)

# Samples that all constraints treat alike.
Atom = tuple[Value | None, ...]


def atoms_of(
    attribute: Attribute, constraints: Sequence[Constraint], *, apart: bool = False
) -> tuple[tuple[Atom, ...], list[int]]:
    """The atoms of an attribute, and for each constraint the bits of those it holds for.

    ``apart`` keeps every declared value in an atom of its own and leaves out the missing one.
    """
    samples = samples_of(attribute, constraints)
    if apart:
        samples.remove(None)
    where = _where(attribute, constraints, samples)
    # Column i of this table says which constraints hold for sample i.
    table = [f"{bits:0{len(samples)}b}"[::-1] for bits in where]
    columns = zip(*table, strict=True) if table and not apart else iter(range(len(samples)))
    groups: dict[object, list[int]] = {}
    for index, column in enumerate(columns):
        groups.setdefault(column, []).append(index)
    atoms = tuple(tuple(samples[index] for index in group) for group in groups.values())
    if len(atoms) == len(samples):
        return atoms, where
    firsts = [group[0] for group in groups.values()]
    return atoms, [int("".join([row[i] for i in reversed(firsts)]), 2) for row in table]


def _where(
    attribute: Attribute, constraints: Sequence[Constraint], samples: list[Value | None]
) -> list[int]:
    """For each constraint the samples it holds for: bit i for sample i."""
    places = {value: place for place, value in enumerate(samples)}
    ranges = [constraint for constraint in constraints if isinstance(constraint, Range)]
    starts = [low for low, _ in intervals(attribute, ranges)] if ranges else []
    present = sum(1 << place for place, value in enumerate(samples) if value is not None)
    found = []
    for constraint in constraints:
        if isinstance(constraint, Range):
            found.append(_between(constraint, starts))
        elif isinstance(constraint, In | NotIn):
            named = sum(1 << places[value] for value in constraint.values if value in places)
            found.append(named if isinstance(constraint, In) else present & ~named)
        else:
            holds = (place for place, value in enumerate(samples) if constraint.holds(value))
            found.append(sum(1 << place for place in holds))
    return found


def _between(test: Range, starts: list[float]) -> int:
    """The intervals inside a range, which begins and ends where some of them do."""
    low, high = 0, len(starts)
    if test.gte is not None:
        low = bisect_left(starts, test.gte)
    if test.gt is not None:
        low = bisect_left(starts, _after(test.gt))
    if test.lt is not None:
        high = bisect_left(starts, test.lt)
    if test.lte is not None:
        high = bisect_left(starts, _after(test.lte))
    return (1 << high) - (1 << low) if low < high else 0


def samples_of(attribute: Attribute, constraints: Iterable[Constraint]) -> list[Value | None]:
    """At least one value of every kind that the constraints tell apart; None, last, is missing."""
    if attribute.type == "flag":
        return [True, False, None]
    if attribute.type == "number":
        ranges = [constraint for constraint in constraints if isinstance(constraint, Range)]
        return [*(readable_number(low, high) for low, high in intervals(attribute, ranges)), None]
    if attribute.values is not None:
        return [*attribute.values, None]
    mentioned = _mentioned(constraints)
    return [*mentioned, _another(mentioned), None]


def _mentioned(constraints: Iterable[Constraint]) -> list[str]:
    tests = [constraint for constraint in constraints if isinstance(constraint, In | NotIn)]
    return list(dict.fromkeys(value for test in tests for value in test.values))


def _another(mentioned: list[str]) -> str:
    """A text that nothing mentions."""
    word = "other"
    while word in mentioned:
        word += "-other"
    return word


def intervals(attribute: Attribute, ranges: Iterable[Range]) -> list[tuple[float, float]]:
    """Consecutive closed intervals of doubles, together all that the attribute may be, that no
    range splits.
    """
    lowest, highest = attribute.within or (-LARGEST, LARGEST)
    firsts = {float(lowest)}
    for test in ranges:
        firsts |= {float(bound) for bound in (test.gte, test.lt) if bound is not None}
        firsts |= {_after(float(bound)) for bound in (test.gt, test.lte) if bound is not None}
    starts = sorted(first for first in firsts if lowest <= first <= highest)
    ends = [math.nextafter(start, -math.inf) for start in starts[1:]]
    return list(zip(starts, [*ends, float(highest)], strict=True))


def _after(bound: float) -> float:
    return math.nextafter(bound, math.inf)


def readable_number(low: float, high: float) -> float:
    """A number in the closed interval with few digits; near the bound where it is half open."""
    if low == -LARGEST and high == LARGEST:
        return 0.0
    if low == -LARGEST:
        return _fewest_digits(high / 2 if high > 0 else max(2 * high - 1, -LARGEST), high)
    if high == LARGEST:
        return _fewest_digits(low, min(2 * low, LARGEST) if low > 0 else LARGEST)
    return _fewest_digits(low, high)


def _fewest_digits(low: float, high: float) -> float:
    for place in DIGIT_PLACES:
        found = _multiple(low, place)
        if low <= found <= high:
            return found
    return low


def _multiple(low: float, place: int) -> float:
    """The smallest multiple of 10^place that is not below ``low``, as nearly as doubles go."""
    if place >= 0:
        return float(math.ceil(low / 10.0**place)) * 10.0**place
    scaled = low * 10.0**-place
    return math.ceil(scaled) / 10.0**-place if math.isfinite(scaled) else math.inf
