"""The sum of squared shares, bounded from bounds of each share.

Its error vanishes to first order where shares are equal, so that the delta method then gives it no
width at all; an interval of each share keeps its own.
"""

from collections.abc import Sequence

Bounds = tuple[float, float]
_HALVINGS = 60


def squares_within(shares: Sequence[Bounds]) -> Bounds:
    """The least and the most that the squares of shares within these bounds add up to.

    The shares add up to 1. The most may be a little above what can be: between its bounds a square
    is taken to lie on its chord, on which the steepest are filled up first.
    """
    return _least(shares), _most(shares)


def _least(shares: Sequence[Bounds]) -> float:
    """All shares as equal as their bounds allow: cut off at one level, found by bisection."""

    def cut(level: float) -> list[float]:
        return [min(max(level, low), high) for low, high in shares]

    below, above = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        if sum(cut(middle)) < 1:
            below = middle
        else:
            above = middle
    return sum(share * share for share in cut(below))


def _most(shares: Sequence[Bounds]) -> float:
    left = 1 - sum(low for low, _ in shares)
    found = sum(low * low for low, _ in shares)
    for low, high in sorted(shares, key=sum, reverse=True):
        taken = min(left, high - low)
        found += taken * (low + high)
        left -= taken
    return found
