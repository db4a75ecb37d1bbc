"""One chunk of a shadow evaluation: every request through both bundles, added up exactly.

The result is plain JSON of integers and strings. Chunks merge in any order into the same totals
(`evaluations.replay.merge`), because whole clusters lie in one chunk and nothing is rounded.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from evaluations.replay.bounds import Most
from evaluations.replay.concentration import Concentration
from evaluations.replay.examples import Examples
from evaluations.replay.met import Met
from evaluations.replay.outcome import Outcome
from evaluations.replay.plane import Plane
from evaluations.replay.prices import Ceilings
from evaluations.replay.recorded import RecordedRequest
from evaluations.replay.tally import ALL_CLASSES, Tally
from evaluations.replay.unknown import Unknown
from evaluations.replay.walk import Conditions, replay
from policies.engine import Bundle

ChunkStats = dict[str, Any]
Pair = tuple[Outcome, Outcome]
NOBODY = ""  # stands for "no model" where the policy refused


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a chunk needs beyond its requests.

    `pool`: models of the dataset with every cost recorded, for the oracle and random points;
    empty where the dataset is not a full matrix. `models`: all that the dataset records. `costs`:
    the most that a call may cost. `compares`: False for a first release, whose baseline is the
    candidate itself.
    """

    baseline: Bundle
    candidate: Bundle
    conditions: Conditions = field(default_factory=Conditions)
    pool: tuple[str, ...] = ()
    full: bool = False
    models: tuple[str, ...] = ()
    costs: Ceilings = field(default_factory=Ceilings)
    compares: bool = True

    @property
    def attempts(self) -> int:
        """The most that a chain of either bundle makes."""
        bundles = (self.baseline, self.candidate)
        return max(bundle.fallback_matrix.limits.max_attempts for bundle in bundles)


def evaluate_chunk(plan: Plan, requests: Iterable[RecordedRequest]) -> ChunkStats:
    """The exact sums of these requests, which must hold whole clusters, each in one run."""
    totals = _Totals(plan)
    for _, cluster in groupby(requests, key=lambda recorded: recorded.cluster):
        totals.add_cluster(list(cluster))
    return totals.as_json()


class _Totals:
    """Everything a report needs, growing request by request."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = 0
        self.clusters = 0
        self.tally = Tally()
        ceiling = plan.candidate.fallback_matrix.limits.max_attempts
        self.unknown = Unknown(Most(plan.costs, ceiling))
        self.met = {"baseline": Met(plan.baseline), "candidate": Met(plan.candidate)}
        self.concentration = Concentration()
        self.plane = Plane(plan.pool, plan.full)
        self.examples = Examples()
        self.classes: dict[str, dict[str, int]] = {}
        self.class_moves: dict[str, dict[str, int]] = {}
        self.moves: dict[str, dict[str, list[int]]] = {}
        self.sides: dict[str, dict[str, Any]] = {"baseline": _side(), "candidate": _side()}
        self.latency: list[list[Any]] = []

    def add_cluster(self, cluster: list[RecordedRequest]) -> None:
        pairs: list[Pair] = []
        for recorded in cluster:
            before = replay(self.plan.baseline, recorded, self.plan.conditions)
            after = replay(self.plan.candidate, recorded, self.plan.conditions)
            pairs.append((before, after))
            self._add_request(recorded, before, after)
        self._count_cluster(pairs)
        self.unknown.add_cluster(self.clusters, pairs)
        self.clusters += 1
        self.tally.add_cluster(pairs)
        self.concentration.add_cluster([s for s in map(self._served, pairs) if s])

    def _count_cluster(self, pairs: list[Pair]) -> None:
        """Squares of the cluster's size, of which effective numbers of clusters are made."""
        sizes: Counter[str] = Counter()
        moved: Counter[str] = Counter()
        for before, after in pairs:
            for key in (ALL_CLASSES, before.class_key):
                sizes[key] += 1
                moved[key] += before.path != after.path
        for key, size in sizes.items():
            self.classes[key]["squares"] += size * size
            self.classes[key]["moved_squares"] += moved[key] ** 2

    def _add_request(self, recorded: RecordedRequest, before: Outcome, after: Outcome) -> None:
        self.requests += 1
        self.plane.add(recorded, self.plan.conditions.adequate_at)
        self.examples.add(recorded, before, after)
        for side, outcome in (("baseline", before), ("candidate", after)):
            _count_side(self.sides[side], outcome)
            self.met[side].add(outcome)
        for key in (ALL_CLASSES, before.class_key):
            _count_class(self.classes.setdefault(key, _class()), before, after)
        row = self.class_moves.setdefault(before.class_key, {})
        row[after.class_key] = row.get(after.class_key, 0) + 1
        moves = self.moves.setdefault(before.model or NOBODY, {})
        _count_move(moves.setdefault(after.model or NOBODY, [0] * 7), before, after)
        if before.latency is not None or after.latency is not None:
            self.latency.append([self.clusters, before.class_key, before.latency, after.latency])

    def _served(self, pair: Pair) -> tuple[str, str, str] | None:
        before, after = pair
        if before.served is None or after.served is None:
            return None
        providers = [
            bundle.catalogue.models[model].provider
            for bundle, model in (
                (self.plan.baseline, before.served),
                (self.plan.candidate, after.served),
            )
        ]
        return before.class_key, providers[0], providers[1]

    def as_json(self) -> ChunkStats:
        return {
            "sums": {
                "requests": self.requests,
                "clusters": self.clusters,
                "classes": self.classes,
                "class_moves": self.class_moves,
                "moves": self.moves,
                "sides": self.sides,
                "met": {side: met.as_json() for side, met in self.met.items()},
                "metrics": self.tally.metrics,
                "unknown": self.unknown.as_json(),
                "concentration": self.concentration.as_json(),
                "plane": self.plane.as_json(),
            },
            "latency": self.latency,
            "assumed_latency": self.unknown.latency,
            "examples": self.examples.as_json(),
        }


def _side() -> dict[str, Any]:
    return {"unsupported": {}, "failures": {}, "served": {}, "refused": 0}


def _count_side(side: dict[str, Any], outcome: Outcome) -> None:
    if outcome.unsupported is not None:
        _bump(side["unsupported"], outcome.unsupported)
    side["refused"] += outcome.model is None
    if outcome.served is not None:
        _bump(side["served"], outcome.served)
    for model, kind in outcome.path:
        if kind is not None:
            _bump(side["failures"].setdefault(model, {}), kind)


def _class() -> dict[str, int]:
    names = ("requests", "unsupported", "moved", "rerouted", "squares", "moved_squares")
    return dict.fromkeys(names, 0)


def _count_class(counts: dict[str, int], before: Outcome, after: Outcome) -> None:
    counts["requests"] += 1
    counts["unsupported"] += before.unsupported is not None or after.unsupported is not None
    counts["moved"] += before.path != after.path
    counts["rerouted"] += before.model != after.model


def _count_move(sums: list[int], before: Outcome, after: Outcome) -> None:
    """[requests, n cost, cost b, cost c, n quality, quality b, quality c]; n counts full pairs."""
    sums[0] += 1
    if before.cost is not None and after.cost is not None:
        sums[1] += 1
        sums[2] += before.cost
        sums[3] += after.cost
    if before.quality is not None and after.quality is not None:
        sums[4] += 1
        sums[5] += before.quality
        sums[6] += after.quality


def _bump(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
