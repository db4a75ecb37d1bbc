"""Exact sums over the requests of one chunk: plain dicts and lists of integers, easily merged.

A metric's sums are four lists. Most clusters know every value on both sides; their one-sided sums
follow from the paired ones. Only for clusters with a gap are one-sided sums kept apart, because
sums of squares over clusters cannot be split afterwards.
"""

from collections.abc import Sequence
from operator import add, gt, lt, mul

from evaluations.replay.outcome import MEANS, SHARES, Outcome
from evaluations.statistics.intervals import ClusterSums, PairedSums

# requests, clusters, b, c, bb, cc, bc, bn, cn, nn, wins, losses, values that are neither 0 nor 1
_PAIR = 13
# requests, clusters, total, square, by count, count square
_LONE = 6
WHOLE, GAPPED, LONE_B, LONE_C = "whole", "gapped", "lone_b", "lone_c"
ALL_CLASSES = "*"
_HELD = 1024  # requests of one class

MetricSums = dict[str, list[int]]
Pair = tuple[Outcome, Outcome]
Values = Sequence[int | None]  # of one metric, or of one outcome


def empty_metric() -> MetricSums:
    """Sums of nothing."""
    return {WHOLE: [0] * _PAIR, GAPPED: [0] * _PAIR, LONE_B: [0] * _LONE, LONE_C: [0] * _LONE}


class Tally:
    """Adds up clusters, by class of the baseline and for all classes together.

    Clusters of one request, which most datasets consist of, are held back and added up as
    columns, many at once.
    """

    def __init__(self) -> None:
        self._metrics: dict[str, dict[str, MetricSums]] = {}
        self._alone: dict[str, list[tuple[Values, Values]]] = {}

    @property
    def metrics(self) -> dict[str, dict[str, MetricSums]]:
        """The sums of every cluster so far, by class and metric."""
        for key in self._alone:
            self._add_alone(key)
        return self._metrics

    def add_cluster(self, pairs: Sequence[Pair]) -> None:
        """Count the (baseline, candidate) outcomes of one whole cluster."""
        if len(pairs) == 1:
            self._hold(*pairs[0])
            return
        groups: dict[str, list[Pair]] = {ALL_CLASSES: list(pairs)}
        for pair in pairs:
            groups.setdefault(pair[0].class_key, []).append(pair)
        for key, members in groups.items():
            _add_members(self._sums(key), members)

    def _sums(self, key: str) -> dict[str, MetricSums]:
        if key not in self._metrics:
            self._metrics[key] = {name: empty_metric() for name in MEANS}
        return self._metrics[key]

    def _hold(self, before: Outcome, after: Outcome) -> None:
        held = self._alone.setdefault(before.class_key, [])
        held.append((before.values, after.values))
        if len(held) == _HELD:
            self._add_alone(before.class_key)

    def _add_alone(self, key: str) -> None:
        held, self._alone[key] = self._alone[key], []
        if not held:
            return
        columns = [zip(*side, strict=True) for side in zip(*held, strict=True)]
        of_all, of_class = self._sums(ALL_CLASSES), self._sums(key)
        for (name, unit), b, c in zip(MEANS.items(), *columns, strict=True):
            for part, more in _sums_alone(b, c, unit).items():
                for sums in (of_all[name][part], of_class[name][part]):
                    sums[:] = map(add, sums, more)


def _sums_alone(b: Values, c: Values, unit: int) -> MetricSums:
    """The sums of clusters of one request each: where one side is unknown, nothing is paired."""
    if None not in b and None not in c:
        return {WHOLE: _sums_of_pairs(b, c, unit)}  # type: ignore[arg-type]  # no None is left
    pairs = list(zip(b, c, strict=True))
    whole = [(x, y) for x, y in pairs if x is not None and y is not None]
    return {
        WHOLE: _sums_of_pairs([x for x, _ in whole], [y for _, y in whole], unit),
        LONE_B: _sums_of_lone([x for x, y in pairs if x is not None and y is None]),
        LONE_C: _sums_of_lone([y for x, y in pairs if y is not None and x is None]),
    }


def _sums_of_pairs(b: Sequence[int], c: Sequence[int], unit: int) -> list[int]:
    n, total_b, total_c = len(b), sum(b), sum(c)
    plain = {0, unit}
    binary = plain.issuperset(b) and plain.issuperset(c)
    return [
        n, n, total_b, total_c,
        sum(map(mul, b, b)), sum(map(mul, c, c)), sum(map(mul, b, c)),
        total_b, total_c, n,
        sum(map(lt, b, c)), sum(map(gt, b, c)),
        0 if binary else sum(x not in plain or y not in plain for x, y in zip(b, c, strict=True)),
    ]  # fmt: skip


def _sums_of_lone(values: Sequence[int]) -> list[int]:
    n, total = len(values), sum(values)
    return [n, n, total, sum(map(mul, values, values)), total, n]


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
