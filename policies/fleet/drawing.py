"""A convergence curve as the points of a drawing. Pure.

Time is drawn by its logarithm: half of a fleet has a release after a tenth of a second, and the
last router perhaps after an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from policies.fleet.convergence import Convergence

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28
SHORTEST_S = 0.1
MARKS = (
    (0.1, "0.1 s"),
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (86_400, "1 d"),
    (604_800, "1 wk"),
)


@dataclass(frozen=True)
class Mark:
    """A place on an axis, and what is written there."""

    at: float
    label: str


@dataclass(frozen=True)
class Drawing:
    """`line` steps up at each arrival; `area` is what lies below it."""

    line: str
    area: str
    seconds: tuple[Mark, ...]
    shares: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def drawn(found: Convergence) -> Drawing | None:
    """None where nothing has arrived."""
    if not found.curve:
        return None
    last = max(found.curve[-1].seconds, 1.0)
    longest = next((seconds for seconds, _ in MARKS if seconds >= last), last)

    def x(seconds: float) -> float:
        share = math.log(max(seconds, SHORTEST_S) / SHORTEST_S) / math.log(longest / SHORTEST_S)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(share, 1.0), 1)

    def y(share: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)

    steps = [f"M{LEFT} {y(0)}"]
    for point in found.curve:
        steps.append(f"H{x(point.seconds)}V{y(point.share)}")
    steps.append(f"H{WIDTH - RIGHT}")
    line = "".join(steps)
    return Drawing(
        line,
        f"{line}V{y(0)}Z",
        tuple(Mark(x(seconds), label) for seconds, label in MARKS if seconds <= longest),
        tuple(Mark(y(share), f"{share * 100:.0f}%") for share in (0, 0.5, 1)),
    )
