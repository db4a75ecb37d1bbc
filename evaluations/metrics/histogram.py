"""A histogram of latencies in logarithmic bins, so that percentiles can be merged.

The bins are those of `policies.engine.outcomes.bins`, which routers count in, too. Counts are whole
numbers, so merging in any order gives the same histogram.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from policies.engine.outcomes.bins import ACCURACY, GAMMA, LARGEST_BIN

Bins = dict[int, int]


def middle(index: int) -> float:
    """The value, in microseconds, that stands for everything in a bin."""
    return 2 * GAMMA**index / (GAMMA + 1)


MIDDLES = tuple(middle(index) for index in range(LARGEST_BIN + 1))


def largest_error(index: int) -> float:
    """How far a value of a bin may lie from the bin's middle, in microseconds."""
    return ACCURACY * GAMMA**index


def add(into: Bins, bins: Mapping[int, int] | Iterable[tuple[int, int]]) -> None:
    """Merge the counts of `bins` into a histogram."""
    for index, count in bins.items() if isinstance(bins, Mapping) else bins:
        into[index] = into.get(index, 0) + count


def merged(histograms: Iterable[Mapping[int, int]]) -> Bins:
    total: Bins = {}
    for bins in histograms:
        add(total, bins)
    return total


def stored(bins: Mapping[int, int]) -> list[int]:
    """The stored form, [bin, count, bin, count, …] in order: flat, since it is read so often."""
    return [number for index in sorted(bins) for number in (index, bins[index])]


def add_stored(into: Bins, flat: Sequence[int]) -> None:
    """Merge the stored form into a histogram."""
    for index, count in zip(flat[::2], flat[1::2], strict=True):
        into[index] = into.get(index, 0) + count


def value_at_rank(bins: Mapping[int, int], rank: int) -> float | None:
    """The value, in microseconds, of the rank-th smallest (from 1); None outside the sample."""
    if rank < 1:
        return None
    seen = 0
    for index in sorted(bins):
        seen += bins[index]
        if seen >= rank:
            return MIDDLES[index]
    return None


def percentile_bin(bins: Mapping[int, int], p: Fraction) -> int | None:
    """The bin that holds the order statistic of rank ceil(n p); None when there is none."""
    total = sum(bins.values())
    if total == 0:
        return None
    rank, seen = max(1, math.ceil(total * p)), 0
    for index in sorted(bins):
        seen += bins[index]
        if seen >= rank:
            break
    return index


def percentile(bins: Mapping[int, int], p: Fraction) -> float | None:
    """The p-quantile in microseconds, within 1 % of the exact order statistic."""
    index = percentile_bin(bins, p)
    return None if index is None else MIDDLES[index]


def count_up_to(bins: Mapping[int, int], index: int) -> int:
    """How many values lie in the given bin or below."""
    return sum(count for position, count in bins.items() if position <= index)
