"""The bins that latencies are counted in: fixed, so that counts of anybody add up. Pure.

Bin i holds the whole microseconds x with γ^(i-1) < x ≤ γ^i, where γ = (1+α)/(1-α); its middle,
2γ^i/(γ+1), is within α of everything in it (Masson, Rim and Lee, "DDSketch", VLDB 2019).
"""

from __future__ import annotations

import math

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA = math.log(GAMMA)
LARGEST_BIN = math.ceil(math.log(2**53) / _LOG_GAMMA)


def bin_of(microseconds: int) -> int:
    """The bin of a latency; less than a microsecond counts as one."""
    return math.ceil(math.log(max(microseconds, 1)) / _LOG_GAMMA)


def bounds_of(index: int) -> tuple[int, int]:
    """Whole microseconds between which all of a bin lies; up to two wider than the bin, so that no
    rounding of a logarithm puts a latency outside."""
    return max(0, math.floor(GAMMA ** (index - 1)) - 1), math.ceil(GAMMA**index) + 1
