"""Exact sums over the requests of one chunk: plain dicts and lists of integers, easily merged.

A metric's sums are four lists. Most clusters know every value on both sides; their one-sided sums
follow from the paired ones. Only for clusters with a gap are one-sided sums kept apart, because
sums of squares over clusters cannot be split afterwards.
"""

from collections.abc import Sequence

from evaluations.replay.outcome import MEANS, SHARES, Outcome
from evaluations.statistics.intervals import ClusterSums, PairedSums

# requests, clusters, b, c, bb, cc, bc, bn, cn, nn, wins, losses, values that are neither 0 nor 1
_PAIR = 13
# requests, clusters, total, square, by count, count square
_LONE = 6
WHOLE, GAPPED, LONE_B, LONE_C = "whole", "gapped", "lone_b", "lone_c"
ALL_CLASSES = "*"

MetricSums = dict[str, list[int]]
Pair = tuple[Outcome, Outcome]


def empty_metric() -> MetricSums:
    """Sums of nothing."""
    return {WHOLE: [0] * _PAIR, GAPPED: [0] * _PAIR, LONE_B: [0] * _LONE, LONE_C: [0] * _LONE}


class Tally:
    """Adds up clusters, by class of the baseline and for all classes together."""

    def __init__(self) -> None:
        self.metrics: dict[str, dict[str, MetricSums]] = {}

    def add_cluster(self, pairs: Sequence[Pair]) -> None:
        """Count the (baseline, candidate) outcomes of one whole cluster."""
        groups: dict[str, Sequence[Pair]] = {ALL_CLASSES: pairs}
        for pair in pairs:
            if len(pairs) == 1:
                groups[pair[0].class_key] = pairs
            else:
                groups.setdefault(pair[0].class_key, []).append(pair)  # type: ignore[attr-defined]
        for key, members in groups.items():
            sums = self.metrics.get(key)
            if sums is None:
                sums = self.metrics[key] = {name: empty_metric() for name in MEANS}
            _add_members(sums, members)


def _add_members(sums: dict[str, MetricSums], members: Sequence[Pair]) -> None:
    columns = [zip(b.values, c.values, strict=True) for b, c in members]
    for (name, unit), values in zip(MEANS.items(), zip(*columns, strict=True), strict=True):
        _add_values(sums[name], values, unit)


def _add_values(
    sums: MetricSums, values: tuple[tuple[int | None, int | None], ...], unit: int
) -> None:
    if any(b is None or c is None for b, c in values):
        complete = [(b, c) for b, c in values if b is not None and c is not None]
        _add_pairs(sums[GAPPED], complete, unit)
        _add_lone(sums[LONE_B], [b for b, _ in values if b is not None])
        _add_lone(sums[LONE_C], [c for _, c in values if c is not None])
    else:
        _add_pairs(sums[WHOLE], values, unit)  # type: ignore[arg-type]  # no None is left


def _add_pairs(sums: list[int], pairs: Sequence[tuple[int, int]], unit: int) -> None:
    n = len(pairs)
    if not n:
        return
    b = c = 0
    for value_b, value_c in pairs:
        b += value_b
        c += value_c
        sums[10] += value_c > value_b
        sums[11] += value_c < value_b
        sums[12] += value_b not in (0, unit) or value_c not in (0, unit)
    sums[0] += n
    sums[1] += 1
    sums[2] += b
    sums[3] += c
    sums[4] += b * b
    sums[5] += c * c
    sums[6] += b * c
    sums[7] += b * n
    sums[8] += c * n
    sums[9] += n * n


def _add_lone(sums: list[int], values: Sequence[int]) -> None:
    n = len(values)
    if not n:
        return
    total = sum(values)
    for index, amount in enumerate((n, 1, total, total * total, total * n, n * n)):
        sums[index] += amount


def paired_sums(sums: MetricSums) -> PairedSums:
    """Requests with a value on both sides."""
    both = [x + y for x, y in zip(sums[WHOLE], sums[GAPPED], strict=True)]
    return PairedSums(*both[:10])


def wins_and_losses(sums: MetricSums) -> tuple[int, int]:
    """(candidate higher, candidate lower) among the pairs."""
    return (
        sums[WHOLE][10] + sums[GAPPED][10],
        sums[WHOLE][11] + sums[GAPPED][11],
    )


def is_binary(name: str, sums: MetricSums) -> bool:
    """Whether every paired value is 0 or 1."""
    return name in SHARES or sums[WHOLE][12] + sums[GAPPED][12] == 0


def one_sided(sums: MetricSums, candidate: bool) -> ClusterSums:
    """Requests with a value on this side, whatever the other side knows."""
    whole, lone = sums[WHOLE], sums[LONE_C if candidate else LONE_B]
    total, square, by_count = (3, 5, 8) if candidate else (2, 4, 7)
    indices = (0, 1, total, square, by_count, 9)
    return ClusterSums(*(whole[i] + x for i, x in zip(indices, lone, strict=True)))
