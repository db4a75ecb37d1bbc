"""The sum of squared shares, bounded from bounds of each share and of how far it moves.

Its error vanishes to first order where shares are equal, so that the delta method then gives it no
width at all; an interval of each share keeps its own. What is taken for the most may be a little
more than can be: a square between two bounds is taken to lie on its chord.
"""

from collections.abc import Iterable, Sequence

Bounds = tuple[float, float]
_HALVINGS = 60


def squares_within(shares: Sequence[Bounds]) -> Bounds:
    """The least and the most that the squares of shares within these bounds add up to.

    The shares add up to 1.
    """
    lows = [low for low, _ in shares]
    chords = ((high * high - low * low, high - low) for low, high in shares)
    most = sum(low * low for low in lows) + _filled(chords, 1 - sum(lows))
    return _least(shares), most


def most_gained(shares: Sequence[Bounds], moves: Sequence[Bounds]) -> float:
    """The most that the squares of shares gain that lie, and move, within these bounds.

    A share s that moves by d gains 2 s d + d²; all moves add up to 0.
    """

    def gain(share: Bounds, move: float) -> float:
        return 2 * share[move > 0] * move + move * move

    pairs = list(zip(shares, moves, strict=True))
    chords = ((gain(s, high) - gain(s, low), high - low) for s, (low, high) in pairs)
    return sum(gain(s, low) for s, (low, _) in pairs) + _filled(chords, -sum(x for x, _ in moves))


def _filled(chords: Iterable[tuple[float, float]], left: float) -> float:
    """What `left` to be taken up gains, by chords of (rise, width), the steepest first."""
    found = 0.0
    for rise, width in sorted(
        (chord for chord in chords if chord[1] > 0), key=lambda c: c[0] / c[1], reverse=True
    ):
        taken = min(left, width)
        found += rise * taken / width
        left -= taken
    return found


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
