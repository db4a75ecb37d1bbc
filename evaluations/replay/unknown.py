"""Sums of the requests of which something is unknown: as known, and as assumed at worst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluations.replay.bounds import Assumption, Most, assumed_latencies, assumption
from evaluations.replay.outcome import MEANS, Outcome
from evaluations.replay.tally import ALL_CLASSES, Tally, empty_metric

KNOWN, PAIRED, ALONE = "known", "paired", "alone"
_NAMES = tuple(MEANS)


class Unknown:
    """Clusters in which every value is known are left out: their sums need no assumption.

    So the sums of the worst case are those of all clusters, less `known`, and `paired` (for
    comparisons) or `alone` (for limits of the candidate's own) added.
    """

    def __init__(self, most: Most) -> None:
        self._most = most
        self._tallies = {name: Tally() for name in (KNOWN, PAIRED, ALONE)}
        self._shared: dict[str, dict[str, int]] = {}
        self.latency: list[list[Any]] = []

    def add_cluster(self, number: int, pairs: Sequence[tuple[Outcome, Outcome]]) -> None:
        """Look at one whole cluster."""
        for before, after in pairs:
            if before.latency is None or after.latency is None:
                filled = assumed_latencies(before, after)
                self.latency.append([number, before.class_key, *filled])
        if not any(None in before.values or None in after.values for before, after in pairs):
            return
        found = [assumption(before, after, self._most) for before, after in pairs]
        self._tallies[KNOWN].add_cluster(pairs)
        self._tallies[PAIRED].add_cluster([(one.baseline, one.candidate) for one in found])
        self._tallies[ALONE].add_cluster([(one.baseline, one.alone) for one in found])
        for one in found:
            self._count_shared(one)

    def _count_shared(self, found: Assumption) -> None:
        for name, shared in zip(_NAMES, found.shared, strict=True):
            if shared:
                for key in (ALL_CLASSES, found.baseline.class_key):
                    counts = self._shared.setdefault(key, {})
                    counts[name] = counts.get(name, 0) + 1

    def as_json(self) -> dict[str, Any]:
        """Plain sums, to be merged with those of other chunks."""
        return {
            **{name: tally.metrics for name, tally in self._tallies.items()},
            "shared": self._shared,
        }


def assumed_sums(sums: dict[str, Any], which: str) -> dict[str, Any]:
    """By class and metric: the sums of all clusters in the worst case."""
    unknown = sums["unknown"]
    return {
        key: {
            name: {
                **empty_metric(),
                **_exchanged(
                    whole, *(unknown[part].get(key, {}).get(name) for part in (KNOWN, which))
                ),
            }
            for name, whole in metrics.items()
        }
        for key, metrics in sums["metrics"].items()
    }


def _exchanged(whole: Any, without: Any, added: Any) -> Any:
    """whole − without + added, of nested dicts and lists of numbers; what is absent is zero."""
    shape = next(part for part in (whole, without, added) if part is not None)
    if isinstance(shape, dict):
        keys = dict.fromkeys(key for part in (whole, without, added) for key in part or ())
        found = {
            key: _exchanged(*((part or {}).get(key) for part in (whole, without, added)))
            for key in keys
        }
        return {key: value for key, value in found.items() if not _is_nothing(value)}
    if isinstance(shape, list):
        parts = (part or [0] * len(shape) for part in (whole, without, added))
        return [x - y + z for x, y, z in zip(*parts, strict=True)]
    return (whole or 0) - (without or 0) + (added or 0)


def _is_nothing(sums: Any) -> bool:
    """Of clusters of which none is left."""
    return not any(sums) if isinstance(sums, list) else sums == 0
