"""Weighted splits that any language can reproduce.

All hashes are the first 8 bytes, big-endian, of SHA-256 over UTF-8 text: a 64-bit integer *n*.
``bucket`` is its top 53 bits over 2^53, an exact double in [0, 1).

A split is *weighted rendezvous hashing* (Schindelhauer and Schomaker 2005): each model draws
u = (top 52 bits of n + ½) / 2^52, an exact double in (0, 1), from ``salt:key:model``, and scores
−ln(u) / weight; the smallest score wins, the earlier candidate on a tie. P(model wins) is its
weight over the sum. A model's score depends on nothing but itself, so when one weight is raised,
keys move only to that model, and no more of them than the new shares demand. Where one is raised
and another lowered, keys may also move to and from the others (see ``moved_shares``): no split of
three models or more that follows from weights alone can avoid that for every two of them.

Natural logarithms may differ between C libraries in the last bit; two scores that near meet
about once in 10^15 keys.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

from policies.engine.routing import Candidate


def hash64(text: str) -> int:
    """First 8 bytes, big-endian, of SHA-256 of the UTF-8 text; a lone surrogate counts as "?"."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


def bucket(salt: str, key: str) -> float:
    """Where a key falls in [0, 1); shown to people and reported, not used to choose."""
    return unit(f"{salt}:{key}")


def unit(text: str) -> float:
    """An exact double in [0, 1), evenly spread over texts."""
    return (hash64(text) >> 11) / 2**53


def score(salt: str, key: str, candidate: Candidate) -> float:
    """A candidate's score for a key; the smallest wins. Its weight must be above 0."""
    drawn = ((hash64(f"{salt}:{key}:{candidate.model}") >> 12) + 0.5) / 2**52
    return -math.log(drawn) / candidate.weight


def moved_shares(
    before: Mapping[str, float], after: Mapping[str, float]
) -> dict[tuple[str, str], float]:
    """Which shares of all keys go from one model to another when weights change, by (from, to).

    −ln(u) is exponential, so the winners before and after are those of two races of the same
    draws with other rates: with w and w′ the weights, x the new winner's score over the old one's
    and c(x) = Σ max(w_k, w′_k·x), the share is w_i·w′_j·∫ c(x)^−2 dx over w_j/w′_j < x < w_i/w′_i,
    where c is linear between the ratios w_k/w′_k.
    """
    models = [model for model in {**before, **after} if before.get(model) or after.get(model)]
    arms = {model: (before.get(model, 0), after.get(model, 0)) for model in models}
    turns = {model: was / now if now else math.inf for model, (was, now) in arms.items()}
    found = {}
    for old in models:
        for new in models:
            inside = sorted({turn for turn in turns.values() if turns[new] <= turn <= turns[old]})
            share = arms[old][0] * arms[new][1]
            share *= sum(_piece(arms, turns, low, high) for low, high in pairwise(inside))
            if share > 0:
                found[old, new] = share
    return found


def _piece(
    arms: Mapping[str, tuple[float, float]], turns: Mapping[str, float], low: float, high: float
) -> float:
    """The integral of c(x)^−2 between two ratios that follow one another: c is a + b·x there."""
    fixed = sum(was for model, (was, _) in arms.items() if turns[model] >= high)
    slope = sum(now for model, (_, now) in arms.items() if turns[model] <= low)
    start = fixed + slope * low
    if math.isinf(high):
        return 1 / (slope * start)
    return (high - low) / (start * (fixed + slope * high))


def by_split(candidates: Iterable[Candidate], salt: str, key: str) -> list[Candidate]:
    """Candidates with a weight above 0, the winner first, the rest in order of their score."""
    return sorted(candidates, key=lambda candidate: score(salt, key, candidate))
