"""Strategies that choose from what is listed beforehand, in one or two draws.

Hypothesis pays for every draw and for every strategy that is made, far more than for a lookup: a
list built element by element takes ten times as long as one taken from all lists there are.
"""

import itertools
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar

from hypothesis import strategies as st

Value = TypeVar("Value")


@lru_cache(maxsize=None, typed=True)  # typed, since 1 and True are alike
def one_of(*values: Value) -> st.SearchStrategy[Value]:
    """One of these values."""
    return st.sampled_from(values)


@cache
def some(
    values: tuple[Value, ...], *, least: int = 0, most: int | None = None
) -> st.SearchStrategy[list[Value]]:
    """Distinct values, in any order; every length as often as any other."""
    return some_of(values, least=least, most=len(values) if most is None else most)


def some_of(
    values: Sequence[Value], *, least: int = 0, most: int
) -> st.SearchStrategy[list[Value]]:
    """The same for values that cannot be hashed."""
    count = len(values)
    places = _places(count, min(least, count), min(most, count))
    return places.map(lambda chosen: [values[place] for place in chosen])


@cache
def _places(count: int, least: int, most: int) -> st.SearchStrategy[tuple[int, ...]]:
    lengths = range(least, most + 1)
    return st.one_of(
        [st.sampled_from(list(itertools.permutations(range(count), n))) for n in lengths]
    )


@cache
def subsets(values: tuple[Value, ...], *, least: int = 0) -> st.SearchStrategy[list[Value]]:
    """Distinct values, in their own order or backwards: for more than can be arranged."""
    masks = st.sampled_from([mask for mask in range(2 ** len(values)) if mask.bit_count() >= least])
    return st.tuples(masks, st.sampled_from((1, -1))).map(
        lambda drawn: [v for i, v in enumerate(values) if drawn[0] >> i & 1][:: drawn[1]]
    )


def records(**members: Iterable[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with one of the given values for each member, by its name."""
    rows = list(itertools.product(*members.values()))
    return st.sampled_from(rows).map(lambda row: dict(zip(members, row, strict=True)))
