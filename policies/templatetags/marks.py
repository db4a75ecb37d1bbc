"""Small drawings that sit in a line of text or a table cell, as SVG without inline style.

Positions are presentation attributes, which the content policy allows; colour and weight come
from figures.css.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import template

register = template.Library()

Context = dict[str, Any]
WIDTH, HEIGHT, PAD = 120.0, 28.0, 3.0  # the pad keeps the dot at the end inside the drawing


@register.inclusion_tag("components/sparkline.html")
def sparkline(
    values: Iterable[float | None], label: str = "", target: float | str | None = None
) -> Context:
    """A line of recent values; missing ones leave a gap. label says in words what it shows."""
    points = list(values or ())
    target = target if isinstance(target, float | int) else None  # "" where a template has none
    known = [v for v in points if v is not None] + ([target] if target is not None else [])
    if len([v for v in points if v is not None]) < 2:
        return {"pieces": []}
    low, high = min(known), max(known)
    pieces = _pieces(points, low, high)
    return {
        "label": label,
        "width": WIDTH,
        "height": HEIGHT,
        "pieces": [" ".join(f"{x:.1f},{y:.1f}" for x, y in piece) for piece in pieces],
        "end": pieces[-1][-1],
        "target": None if target is None else _y(target, low, high),
    }


@register.inclusion_tag("components/share.html")
def share(value: float | None, label: str = "") -> Context:
    """A share between 0 and 1 as a short bar; the number belongs beside it in words."""
    return {"percent": 0 if value is None else round(min(1.0, max(0.0, value)) * 100, 1)}


@register.inclusion_tag("components/split.html")
def split(weights: Sequence[float]) -> Context:
    """Weights side by side, in the order of the candidates and of series-1 … series-6."""
    total = sum(weights) or 1.0
    parts, start = [], 0.0
    for index, weight in enumerate(weights):
        width = 100 * weight / total
        parts.append({"x": round(start, 2), "width": round(width, 2), "series": index % 6 + 1})
        start += width
    return {"parts": parts}


@register.inclusion_tag("components/whisker.html")
def whisker(
    low: float | None,
    value: float | None,
    high: float | None,
    axis: tuple[float, float],
    margin: float | None = None,
    tone: str = "",
) -> Context:
    """An interval against zero and its margin. axis: lowest and highest value drawn, shared by
    the rows of one table; an end outside it is drawn as an arrow at the edge."""
    if low is None or value is None or high is None:
        return {"known": False}
    start, end = axis

    def x(number: float) -> float:
        inside = min(end, max(start, number))
        return round(4 + 168 * (inside - start) / ((end - start) or 1.0), 1)

    return {
        "known": True,
        "tone": tone,
        "low": x(low),
        "value": x(value),
        "high": x(high),
        "zero": x(0.0) if start <= 0 <= end else None,
        "margin": None if margin is None else x(margin),
        "below": low < start,
        "above": high > end,
    }


def axis_of(intervals: Iterable[tuple[float, float]], *others: float) -> tuple[float, float]:
    """An axis that holds every interval, zero and the margins, with a little air around."""
    ends = [end for pair in intervals for end in pair] + [0.0, *others]
    air = (max(ends) - min(ends)) * 0.06 or 1.0
    return min(ends) - air, max(ends) + air


def _pieces(
    points: Sequence[float | None], low: float, high: float
) -> list[list[tuple[float, float]]]:
    """Runs of known values, as points in the drawing."""
    step = (WIDTH - PAD) / (len(points) - 1)
    pieces: list[list[tuple[float, float]]] = []
    gap = True
    for index, value in enumerate(points):
        if value is None:
            gap = True
            continue
        if gap:
            pieces.append([])
        pieces[-1].append((round(index * step, 1), _y(value, low, high)))
        gap = False
    return pieces


def _y(value: float, low: float, high: float) -> float:
    extent = (high - low) or 1.0
    return round(HEIGHT - PAD - (HEIGHT - 2 * PAD) * (value - low) / extent, 1)
