"""How much of the traffic hangs on few providers: the Herfindahl–Hirschman index, with intervals.

HHI = sum over providers of share². Its variance is that of its linear part over clusters
(delta method): cluster g contributes sum over providers k of 2 (p_k - HHI) N_gk / n. The sums kept
are the totals N_k, the products N_gj N_gk added over clusters and the requests that stay at their
provider, all integers.

That part vanishes where shares are equal, and where the sample holds no difference. So the interval
is never inside the one that follows from bounds of every share, or of how far each one moves, held
at once (Bonferroni) and on the effective number of requests.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from evaluations.statistics.bounded import tango
from evaluations.statistics.concentration import Bounds, most_gained, squares_within
from evaluations.statistics.intervals import Interval, exact_share, square_root, two_sided_t

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
            key, {"requests": 0, "clusters": 0, "totals": {}, "products": {}, "kept": {}}
        )
        counts: Counter[str] = Counter()
        for _, before, after in members:
            counts[f"{BASELINE}:{before}"] += 1
            counts[f"{CANDIDATE}:{after}"] += 1
            if before == after:
                sums["kept"][after] = sums["kept"].get(after, 0) + times
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
    sums: Mapping[str, Any], confidence: float, *, against_baseline: bool = False
) -> Interval:
    """The candidate's HHI, or the candidate's less the baseline's."""
    slopes = _slopes(sums, CANDIDATE, 1)
    value = index_of(sums, CANDIDATE)
    if against_baseline:
        slopes |= _slopes(sums, BASELINE, -1)
        value -= index_of(sums, BASELINE)
    spread = sum(
        (slopes[name] * slopes[other] * n for (name, other), n in _products(sums)
         if name in slopes and other in slopes),
        Fraction(0),
    )  # fmt: skip
    clusters = sums["clusters"]
    if clusters < 2:
        return Interval(float(value), 0.0, float("-inf"), float("inf"))
    error = square_root(spread * Fraction(clusters, clusters - 1))
    half = two_sided_t(confidence, clusters - 1) * error
    linear = Interval(float(value), error, float(value) - half, float(value) + half)
    least, most = (_change if against_baseline else _level)(sums, confidence)
    return linear.hull(replace(linear, low=least, high=most))


def _level(sums: Mapping[str, Any], confidence: float) -> Bounds:
    """Bounds of the candidate's HHI from those of every share, all true at once."""
    return squares_within(_bounds_of_shares(sums, CANDIDATE, _each(sums, confidence, 1)))


def _change(sums: Mapping[str, Any], confidence: float) -> Bounds:
    """Bounds of the difference, from those of one side's shares and of how far each one moves."""
    at = _each(sums, confidence, 2)
    n, effective = sums["requests"], _effective(sums)
    moves = []
    for name in _names(sums):
        before, after = (sums["totals"].get(f"{side}:{name}", 0) for side in (BASELINE, CANDIDATE))
        # A chunk that was computed before they were counted has none, which only widens.
        kept = sums.get("kept", {}).get(name, 0)
        came, went = (float(x - kept) * effective / float(n) for x in (after, before))
        found = tango(came, went, effective, at, careful=True)
        moves.append((found.low, found.high))
    back = [(-high, -low) for low, high in moves]
    return (
        -most_gained(_bounds_of_shares(sums, CANDIDATE, at), back),
        most_gained(_bounds_of_shares(sums, BASELINE, at), moves),
    )


def _bounds_of_shares(sums: Mapping[str, Any], side: str, confidence: float) -> list[Bounds]:
    n, effective = sums["requests"], _effective(sums)
    shares = (float(Fraction(sums["totals"].get(f"{side}:{name}", 0), n)) for name in _names(sums))
    found = (exact_share(share, effective, confidence) for share in shares)
    return [(interval.low, interval.high) for interval in found]


def _names(sums: Mapping[str, Any]) -> list[str]:
    """The providers; where there is one alone, also another that the sample may not hold."""
    names = sorted({name.split(":", 1)[1] for name in sums["totals"]})
    return names if len(names) > 1 else [*names, ""]


def _each(sums: Mapping[str, Any], confidence: float, kinds: int) -> float:
    """The confidence of each of so many bounds a provider, that all are true at once.

    Of two shares the one follows from the other.
    """
    providers = len(_names(sums))
    return 1 - (1 - confidence) / 2 / kinds / (providers if providers > 2 else 1)


def _effective(sums: Mapping[str, Any]) -> float:
    """The number of requests, were all of a cluster at one provider."""
    mine = (n for pair, n in _products(sums) if all(x.startswith(CANDIDATE) for x in pair))
    return float(sums["requests"]) ** 2 / float(sum(mine))


def _shares(sums: Mapping[str, Any], side: str) -> dict[str, Fraction]:
    mine = {name: n for name, n in sums["totals"].items() if name.startswith(f"{side}:")}
    return {name: Fraction(n, sums["requests"]) for name, n in mine.items()}


def _slopes(sums: Mapping[str, Any], side: str, weight: int) -> dict[str, Fraction]:
    index, n = index_of(sums, side), sums["requests"]
    return {name: weight * 2 * (p - index) / n for name, p in _shares(sums, side).items()}


def _products(sums: Mapping[str, Any]) -> list[tuple[tuple[str, str], int]]:
    # Provider names hold no bar: their document form is a plain key.
    found = ((pair.split(_SEPARATOR), n) for pair, n in sums["products"].items())
    return [((first, second), n) for (first, second), n in found]
