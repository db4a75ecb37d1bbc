"""Sample values that stand for all values of an attribute that no condition can tell apart.

Numbers are cut at every bound that occurs, between the doubles: ``gte`` and ``lt`` cut just below
their bound, ``gt`` and ``lte`` just above. Categories have their declared values, or, where any
text may come, the values mentioned and one more. ``None`` is a missing value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

from policies.engine.attributes import Attribute
from policies.engine.conditions import Constraint, In, NotIn, Range, Value

LARGEST = sys.float_info.max
# 10^18 is above every token count and price; 10^-18 below every share.
DIGIT_PLACES = range(18, -19, -1)


def samples_of(attribute: Attribute, constraints: Iterable[Constraint]) -> list[Value | None]:
    """At least one value of every kind that the constraints tell apart; None, last, is missing."""
    if attribute.type == "flag":
        return [True, False, None]
    if attribute.type == "number":
        ranges = [constraint for constraint in constraints if isinstance(constraint, Range)]
        return [*(readable_number(low, high) for low, high in intervals(ranges)), None]
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


def intervals(ranges: Iterable[Range]) -> list[tuple[float, float]]:
    """Consecutive closed intervals of doubles, together all finite ones, that no range splits."""
    firsts = {-LARGEST}
    for test in ranges:
        firsts |= {float(bound) for bound in (test.gte, test.lt) if bound is not None}
        firsts |= {_after(float(bound)) for bound in (test.gt, test.lte) if bound is not None}
    starts = sorted(first for first in firsts if first <= LARGEST)
    ends = [math.nextafter(start, -math.inf) for start in starts[1:]]
    return list(zip(starts, [*ends, LARGEST], strict=True))


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
