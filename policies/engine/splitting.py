"""Weighted splits that any language can reproduce.

All hashes are the first 8 bytes, big-endian, of SHA-256 over UTF-8 text: a 64-bit integer *n*.
``unit`` is its top 53 bits over 2^53, an exact double in [0, 1).

A split is *weighted rendezvous hashing* (Schindelhauer and Schomaker 2005): each model draws
u = (top 52 bits of n + ½) / 2^52, an exact double in (0, 1), from ``salt:key:model``, and scores
−ln(u) / weight; the smallest score wins, the earlier candidate on a tie. P(model wins) is its
weight over the sum. A model's score depends on nothing but itself, so when one weight is raised,
keys move only to that model, and no more of them than the new shares demand. Where one is raised
and another lowered, keys may also move to and from the others (``moved_shares``): no split of
three models or more that follows from weights alone can avoid that for every two of them.

So a split may carry the weights that it had before. Its keys are dealt by the oldest of them, and
each change of weights since is a step, counted from 1 in text as a decimal number, with a model's
share its weight over the sum, and LF the line feed U+000A:

- From a model whose share s shrank to s′, a key leaves if unit(``salt LF step LF key``) is less
  than (s − s′) / s.
- What leaves goes to one of the models whose share grew, in proportion to their growth s′ − s: by
  rendezvous as above, drawn from ``salt LF step LF key LF model``, with growths for weights.

All that moves in a step is what the shares differ by, from models that shrank to models that grew.
The other models follow the one that holds the key in the order of what is left of the draw that
brought it there: with x that model's score and r the weights or growths it was scored by (0 for
models not in it), of (−ln(u) − r·x) / weight. Without earlier weights that is the order of scores.
Since −ln(u) is exponential, what is left of it is as good as drawn anew: where the holder may not
serve, its keys go to the others in proportion to their weights.

Natural logarithms may differ between C libraries in the last bit, and sums of weights with their
order; two scores that near, or a draw that near to its limit, are met about once in 10^15 keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from struct import Struct
from typing import Protocol, TypeVar

# The models of a split with their weights above 0, by name.
Weights = tuple[tuple[str, float], ...]


class Weighted(Protocol):
    """A candidate of a split."""

    @property
    def model(self) -> str: ...

    @property
    def weight(self) -> float: ...


C = TypeVar("C", bound=Weighted)
_first_8_bytes = Struct(">Q").unpack_from


def hash64(text: str) -> int:
    """First 8 bytes, big-endian, of SHA-256 of the UTF-8 text; a lone surrogate counts as "?"."""
    number: int = _first_8_bytes(sha256(text.encode("utf-8", "replace")).digest())[0]
    return number


def bucket(salt: str, key: str) -> float:
    """Where a key falls in [0, 1); shown to people and reported, not used to choose."""
    return unit(f"{salt}:{key}")


def unit(text: str) -> float:
    """An exact double in [0, 1), evenly spread over texts."""
    return (hash64(text) >> 11) / 2**53


def drawn(text: str) -> float:
    """−ln(u) of what a text draws: exponential, with mean 1."""
    return -math.log(((hash64(text) >> 12) + 0.5) / 2**52)


@dataclass(frozen=True, slots=True)
class Step:
    """From weights to the next: which part of its keys each shrinking model gives away (0 to 1),
    and which share of all keys each growing one gets.
    """

    leaving: Mapping[str, float]
    growing: Weights


def steps_of(weights: Sequence[Weights]) -> tuple[Step, ...]:
    """The steps between weights, oldest first; each sum must be above 0."""
    return tuple(_step(shares_of(old), shares_of(new)) for old, new in pairwise(weights))


def shares_of(weights: Weights) -> dict[str, float]:
    total = 0.0
    for _, weight in weights:  # not `sum`, which rounds otherwise since Python 3.12
        total += weight
    return {model: weight / total for model, weight in weights}


def _step(old: Mapping[str, float], new: Mapping[str, float]) -> Step:
    ends = {model: (old.get(model, 0.0), new.get(model, 0.0)) for model in sorted({**old, **new})}
    return Step(
        leaving={model: (was - now) / was for model, (was, now) in ends.items() if now < was},
        growing=tuple((model, now - was) for model, (was, now) in ends.items() if now > was),
    )


@dataclass(frozen=True, slots=True)
class Dealt:
    """The model that a key belonged to by each of a split's weights, the present ones last; and
    the draw that brought it to the last: its texts but for the model, and what it was scored by.
    """

    holders: tuple[str, ...]
    text: str
    rates: Weights


def dealt(oldest: Weights, steps: Iterable[Step], salt: str, key: str) -> Dealt:
    """How a key is dealt by the oldest weights and moved on by each step."""
    text, rates = f"{salt}:{key}:", oldest
    holders = [_winner(text, rates)]
    for number, step in enumerate(steps, start=1):
        leaving = step.leaving.get(holders[-1])
        # Where shares differ by rounding only, nothing may grow.
        if leaving and step.growing and unit(f"{salt}\n{number}\n{key}") < leaving:
            text, rates = f"{salt}\n{number}\n{key}\n", step.growing
            holders.append(_winner(text, rates))
        else:
            holders.append(holders[-1])
    return Dealt(tuple(holders), text, rates)


def _winner(text: str, rates: Weights) -> str:
    return min(rates, key=lambda entry: drawn(text + entry[0]) / entry[1])[0]


def by_split(candidates: Iterable[C], salt: str, key: str) -> list[C]:
    """Candidates with a weight above 0, in order of their score; without earlier weights."""
    return sorted(candidates, key=lambda entry: drawn(f"{salt}:{key}:{entry.model}") / entry.weight)


def by_history(candidates: Iterable[C], key_dealt: Dealt) -> list[C]:
    """Candidates with a weight above 0: first the one that holds the key, if it is among them."""
    rates, holder = dict(key_dealt.rates), key_dealt.holders[-1]
    won = drawn(key_dealt.text + holder) / rates[holder]

    def left(entry: C) -> float:
        return (drawn(key_dealt.text + entry.model) - rates.get(entry.model, 0) * won) / (
            entry.weight
        )

    return sorted(candidates, key=lambda entry: (entry.model != holder, left(entry)))
