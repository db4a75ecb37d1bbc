"""Exact sums over the requests of one chunk: plain dicts and lists of integers, easily merged.

A metric's sums are kept by the size of the cluster, since its variance weighs clusters by size and
by the number of all requests, which no chunk knows. Most clusters know every value on both sides;
their one-sided sums follow from the paired ones. Only for clusters with a gap are one-sided sums
kept apart, because sums of squares over clusters cannot be split afterwards.
"""

from collections import Counter
from collections.abc import Sequence
from operator import add, gt, lt, mul
from typing import Any, Protocol

from evaluations.replay.outcome import MEANS, SHARES, SKEWED
from evaluations.statistics.bootstrap import Clusters
from evaluations.statistics.clusters import ClusterSums, PairedSums

# Lists of sums, by part. Over clusters of one size: their number, then their sums of b, c, bb, cc
# and bc; over their requests: bb, cc and (c - b)². Of one side: number, total, square; square.
WHOLE, GAPPED, LONE_B, LONE_C = "whole", "gapped", "lone_b", "lone_c"
SIGNS = "signs"  # of pairs: candidate higher, candidate lower, values that are neither 0 nor 1
EACH = "each"  # of skewed metrics, by part: "requests:b:c" or "requests:c" of clusters → how many
ALONE = "1"  # the size of a cluster of one request, as JSON's keys are texts
ALL_CLASSES = "*"
_HELD = 1024  # requests of one class

BySize = dict[str, list[int]]
MetricSums = dict[str, Any]  # BySize of each part, and the list of SIGNS
Values = Sequence[int | None]  # of one metric, or of one outcome


class Valued(Protocol):
    """One request under one bundle: an outcome, or what is assumed of one."""

    @property
    def class_key(self) -> str: ...

    @property
    def values(self) -> Values:
        """In the order of `MEANS`; None where unknown."""


Pair = tuple[Valued, Valued]


def empty_metric() -> MetricSums:
    """Sums of nothing."""
    return {WHOLE: {}, GAPPED: {}, LONE_B: {}, LONE_C: {}, SIGNS: [0, 0, 0], EACH: {}}


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

    def _hold(self, before: Valued, after: Valued) -> None:
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
            parts, signs = _sums_alone(b, c, unit)
            for sums in (of_all[name], of_class[name]):
                _add_to(sums[SIGNS], signs)
                for part, more in parts.items():
                    if more[0]:
                        _add_to(sums[part].setdefault(ALONE, [0] * len(more)), more)
                if name in SKEWED:
                    _keep_alone(sums[EACH], b, c)


def _add_to(sums: list[int], more: Sequence[int]) -> None:
    sums[:] = map(add, sums, more)


def _sums_alone(b: Values, c: Values, unit: int) -> tuple[BySize, list[int]]:
    """Each part's sums of clusters of one request, and the signs.

    Where one side is unknown, nothing is paired.
    """
    if None not in b and None not in c:
        return {WHOLE: _sums_of_pairs(b, c)}, _signs(b, c, unit)  # type: ignore[arg-type]  # no None
    pairs = list(zip(b, c, strict=True))
    whole = [(x, y) for x, y in pairs if x is not None and y is not None]
    both = [x for x, _ in whole], [y for _, y in whole]
    return {
        WHOLE: _sums_of_pairs(*both),
        LONE_B: _sums_of_lone([x for x, y in pairs if x is not None and y is None]),
        LONE_C: _sums_of_lone([y for x, y in pairs if y is not None and x is None]),
    }, _signs(*both, unit)


def _keep_alone(each: dict[str, dict[str, int]], b: Values, c: Values) -> None:
    for (x, y), times in Counter(zip(b, c, strict=True)).items():
        if x is not None and y is not None:
            _keep(each, WHOLE, (1, x, y), times)
        elif y is not None:
            _keep(each, LONE_C, (1, y), times)


def _keep(
    each: dict[str, dict[str, int]], part: str, cluster: Sequence[int], times: int = 1
) -> None:
    counts = each.setdefault(part, {})
    key = ":".join(map(str, cluster))
    counts[key] = counts.get(key, 0) + times


def _sums_of_pairs(b: Sequence[int], c: Sequence[int]) -> list[int]:
    square_b, square_c, cross = sum(map(mul, b, b)), sum(map(mul, c, c)), sum(map(mul, b, c))
    apart = square_b + square_c - 2 * cross
    return [len(b), sum(b), sum(c), square_b, square_c, cross, square_b, square_c, apart]


def _signs(b: Sequence[int], c: Sequence[int], unit: int) -> list[int]:
    plain = {0, unit}
    binary = plain.issuperset(b) and plain.issuperset(c)
    return [
        sum(map(lt, b, c)), sum(map(gt, b, c)),
        0 if binary else sum(x not in plain or y not in plain for x, y in zip(b, c, strict=True)),
    ]  # fmt: skip


def _sums_of_lone(values: Sequence[int]) -> list[int]:
    square = sum(map(mul, values, values))
    return [len(values), sum(values), square, square]


def _add_members(sums: dict[str, MetricSums], members: Sequence[Pair]) -> None:
    sides = (zip(*(o.values for o in side), strict=True) for side in zip(*members, strict=True))
    for name, b, c in zip(MEANS, *sides, strict=True):
        add_values(name, sums[name], b, c)


def _keep_cluster(each: dict[str, dict[str, int]], b: Values, c: Values) -> None:
    known = [(x, y) for x, y in zip(b, c, strict=True) if x is not None and y is not None]
    whole = len(known) == len(b)
    if known:
        totals = map(sum, zip(*known, strict=True))
        _keep(each, WHOLE if whole else GAPPED, (len(known), *totals))
    mine = [y for y in c if y is not None]
    if mine and not whole:
        _keep(each, LONE_C, (len(mine), sum(mine)))


def add_values(metric: str, sums: MetricSums, b: Values, c: Values) -> None:
    """Count one cluster's values of one metric, those of each request at the same place."""
    if metric in SKEWED:
        _keep_cluster(sums[EACH], b, c)
    unit = MEANS[metric]
    if None not in b and None not in c:
        _add_pairs(sums, WHOLE, b, c, unit)  # type: ignore[arg-type]  # no None is left
        return
    known = [(x, y) for x, y in zip(b, c, strict=True) if x is not None and y is not None]
    _add_pairs(sums, GAPPED, [x for x, _ in known], [y for _, y in known], unit)
    for part, side in ((LONE_B, b), (LONE_C, c)):
        values = [x for x in side if x is not None]
        total, square = sum(values), sum(map(mul, values, values))
        if values:
            _add_sums(sums[part], len(values), [1, total, total * total, square])


def _add_pairs(sums: MetricSums, part: str, b: Sequence[int], c: Sequence[int], unit: int) -> None:
    """One cluster's values of both sides; without a request it is none."""
    if not b:
        return
    total_b, square_b = sum(b), sum(map(mul, b, b))
    total_c, square_c, apart = total_b, square_b, 0
    if b != c:
        total_c, square_c = sum(c), sum(map(mul, c, c))
        apart = square_b + square_c - 2 * sum(map(mul, b, c))
    if b != c or not {0, unit}.issuperset(b):
        _add_to(sums[SIGNS], _signs(b, c, unit))
    over_clusters = [1, total_b, total_c, total_b**2, total_c**2, total_b * total_c]
    _add_sums(sums[part], len(b), [*over_clusters, square_b, square_c, apart])


def _add_sums(by_size: BySize, size: int, more: Sequence[int]) -> None:
    key = str(size)
    if key in by_size:
        _add_to(by_size[key], more)
    else:
        by_size[key] = list(more)


def paired_sums(sums: MetricSums) -> PairedSums:
    """Requests with a value on both sides."""
    return PairedSums(_together(sums[WHOLE], sums[GAPPED]))


def wins_and_losses(sums: MetricSums) -> tuple[int, int]:
    """(candidate higher, candidate lower) among the pairs."""
    return sums[SIGNS][0], sums[SIGNS][1]


def is_binary(name: str, sums: MetricSums) -> bool:
    """Whether every paired value is 0 or 1."""
    return name in SHARES or sums[SIGNS][2] == 0


def one_sided(sums: MetricSums, candidate: bool) -> tuple[ClusterSums, dict[int, int]]:
    """Requests with a value on this side, whatever the other side knows.

    With them, by size of the cluster, the sum of the squared values of requests.
    """
    total, square, of_requests = (2, 4, 7) if candidate else (1, 3, 6)
    mine = {
        size: [found[i] for i in (0, total, square, of_requests)]
        for size, found in sums[WHOLE].items()
    }
    both = _together(mine, sums[LONE_C if candidate else LONE_B])
    return ClusterSums({n: s[:3] for n, s in both.items()}), {n: s[3] for n, s in both.items()}


def each_pair(sums: MetricSums) -> Clusters:
    """Clusters with values on both sides, one by one: (requests, S_b, S_c) → how many."""
    return _each(sums, (WHOLE, GAPPED))


def each_alone(sums: MetricSums) -> Clusters:
    """Clusters by the candidate's values alone: (requests, 0, S_c) → how many."""
    found: Counter[tuple[int, int, int]] = Counter()
    for (n, _, c), times in _each(sums, (WHOLE, LONE_C)).items():
        found[n, 0, c] += times
    return found


def _each(sums: MetricSums, parts: Sequence[str]) -> Clusters:
    found: Counter[tuple[int, int, int]] = Counter()
    for part in parts:
        for key, times in sums[EACH].get(part, {}).items():
            n, *values = map(int, key.split(":"))
            found[n, values[0], values[-1]] += times
    return found


def _together(left: BySize, right: BySize) -> dict[int, list[int]]:
    merged = {int(size): list(sums) for size, sums in left.items()}
    for size, sums in right.items():
        _add_to(merged.setdefault(int(size), [0] * len(sums)), sums)
    return merged
