"""Weighted splits that any language can reproduce.

All hashes are the first 8 bytes, big-endian, of SHA-256 over UTF-8 text: a 64-bit integer *n*.
``bucket`` is its top 53 bits over 2^53, an exact double in [0, 1).

A split is *weighted rendezvous hashing* (Schindelhauer and Schomaker 2005): each model draws
u = (top 52 bits of n + ½) / 2^52, an exact double in (0, 1), from ``salt:key:model``, and scores
−ln(u) / weight; the smallest score wins, the earlier candidate on a tie. P(model wins) is its
weight over the sum. A model's score depends on nothing but itself, so when one weight is raised,
keys move only to that model, and no more of them than the new shares demand.

Natural logarithms may differ between C libraries in the last bit; two scores that near meet
about once in 10^15 keys.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

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


def by_split(candidates: Iterable[Candidate], salt: str, key: str) -> list[Candidate]:
    """Candidates with a weight above 0, the winner first, the rest in order of their score."""
    return sorted(candidates, key=lambda candidate: score(salt, key, candidate))
