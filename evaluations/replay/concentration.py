"""How much of the traffic hangs on few providers: the Herfindahl–Hirschman index, with intervals.

HHI = sum over providers of share². Its variance is that of its linear part over clusters
(delta method): cluster g contributes sum over providers k of 2 (p_k - HHI) N_gk / n. The sums kept
are the totals N_k and the products N_gj N_gk added over clusters, all integers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from evaluations.statistics.intervals import Interval, square_root, two_sided_t

METRIC = "provider_concentration"
ALL_CLASSES = "*"
BASELINE, CANDIDATE = "b", "c"
_SEPARATOR = "|"

Served = tuple[str, str, str]  # class of the baseline, provider under baseline, under candidate


class Concentration:
    """Adds up clusters, by class of the baseline and for all classes together."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[str, Any]] = {}
        self._alone: Counter[Served] = Counter()  # clusters of one request

    def add_cluster(self, served: Sequence[Served]) -> None:
        """Count the requests of one whole cluster that were served under both bundles."""
        if len(served) == 1:
            self._alone[served[0]] += 1
            return
        for key in {ALL_CLASSES, *(class_key for class_key, _, _ in served)}:
            members = [s for s in served if key in (ALL_CLASSES, s[0])]
            if members:
                self._add(key, members)

    def _add(self, key: str, members: Sequence[Served], times: int = 1) -> None:
        sums = self._sums.setdefault(
            key, {"requests": 0, "clusters": 0, "totals": {}, "products": {}}
        )
        counts: Counter[str] = Counter()
        for _, before, after in members:
            counts[f"{BASELINE}:{before}"] += 1
            counts[f"{CANDIDATE}:{after}"] += 1
        sums["requests"] += len(members) * times
        sums["clusters"] += times
        for name, n in counts.items():
            sums["totals"][name] = sums["totals"].get(name, 0) + n * times
            for other, m in counts.items():
                pair = f"{name}{_SEPARATOR}{other}"
                sums["products"][pair] = sums["products"].get(pair, 0) + n * m * times

    def as_json(self) -> dict[str, Any]:
        """Plain sums by class, to be merged with those of other chunks."""
        alone, self._alone = self._alone, Counter()
        for member, times in alone.items():
            for key in {ALL_CLASSES, member[0]}:
                self._add(key, [member], times)
        return self._sums


def index_of(sums: Mapping[str, Any], side: str) -> Fraction:
    """The HHI of one side, between 0 and 1."""
    shares = _shares(sums, side)
    return sum((p * p for p in shares.values()), Fraction(0))


def index_interval(
    sums: Mapping[str, Any], confidence: float, *, weight: Fraction = Fraction(0)
) -> Interval:
    """Candidate's HHI less weight times the baseline's (0: the candidate's alone)."""
    slopes = {
        **_slopes(sums, CANDIDATE, Fraction(1)),
        **_slopes(sums, BASELINE, -weight),
    }
    spread = sum(
        (slopes[name] * slopes[other] * n for (name, other), n in _products(sums)), Fraction(0)
    )
    clusters = sums["clusters"]
    value = float(index_of(sums, CANDIDATE) - weight * index_of(sums, BASELINE))
    if clusters < 2:
        return Interval(value, 0.0, float("-inf"), float("inf"))
    error = square_root(spread * Fraction(clusters, clusters - 1))
    half = two_sided_t(confidence, clusters - 1) * error
    return Interval(value, error, value - half, value + half)


def _shares(sums: Mapping[str, Any], side: str) -> dict[str, Fraction]:
    mine = {name: n for name, n in sums["totals"].items() if name.startswith(f"{side}:")}
    return {name: Fraction(n, sums["requests"]) for name, n in mine.items()}


def _slopes(sums: Mapping[str, Any], side: str, weight: Fraction) -> dict[str, Fraction]:
    index, n = index_of(sums, side), sums["requests"]
    return {name: weight * 2 * (p - index) / n for name, p in _shares(sums, side).items()}


def _products(sums: Mapping[str, Any]) -> list[tuple[tuple[str, str], int]]:
    # Provider names hold no bar: their document form is a plain key.
    found = ((pair.split(_SEPARATOR), n) for pair, n in sums["products"].items())
    return [((first, second), n) for (first, second), n in found]
