"""Adding up what changes, exactly: whole numbers of requests and of 10⁻⁹ US dollars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from evaluations.impact.costs import ESTIMATED, NANO, RECORDED, PairedCost
from evaluations.impact.result import CostChange, Move, Slice
from evaluations.impact.sides import Side
from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.intervals import clustered_mean
from policies.engine.fallback import OUTAGES

CONFIDENCE = 0.95
PairKey = tuple[Side, Side]


@dataclass(frozen=True, slots=True)
class Difference:
    """In what two treatments of a request differ."""

    of_class: bool
    of_model: bool
    of_chain: bool
    of_residency: bool
    lost_on: tuple[str, ...] = ()  # failures after which another model answered, and none does now

    @property
    def is_any(self) -> bool:
        return self.of_class or self.of_model or self.of_chain


def difference(base: Side, candidate: Side) -> Difference:
    """Compares by content: the two sides come from two bundles.

    A request that no model answers first, now or then, has no fallbacks to lose.
    """
    return Difference(
        of_class=base.class_key != candidate.class_key,
        of_model=base.model != candidate.model,
        of_chain=base.fallbacks != candidate.fallbacks,
        of_residency=base.regions != candidate.regions,
        lost_on=tuple(
            kind
            for kind, was, now in zip(OUTAGES, base.fallbacks, candidate.fallbacks, strict=False)
            if was and not now
        ),
    )


@dataclass(slots=True)
class Sums:
    """Of one group of requests."""

    requests: int = 0
    of_class: int = 0
    of_model: int = 0
    of_chain: int = 0
    of_lost: int = 0
    affected: int = 0
    of_residency: int = 0
    cost_known: int = 0
    cost_change: int = 0

    def add(self, changed: Difference, cost_change: int | None) -> None:
        self.requests += 1
        self.of_class += changed.of_class
        self.of_model += changed.of_model
        self.of_chain += changed.of_chain
        self.of_lost += bool(changed.lost_on)
        self.affected += changed.is_any
        self.of_residency += changed.of_residency
        if cost_change is not None:
            self.cost_known += 1
            self.cost_change += cost_change

    def slice(self, key: str) -> Slice:
        return Slice(
            key=key,
            requests=self.requests,
            class_changed=self.of_class,
            model_changed=self.of_model,
            chain_changed=self.of_chain,
            fallback_lost=self.of_lost,
            affected=self.affected,
            residency_changed=self.of_residency,
            cost_known=self.cost_known,
            cost_change_usd=self.mean_change(),
        )

    def mean_change(self) -> float | None:
        return self.cost_change / self.cost_known / NANO if self.cost_known else None


@dataclass(slots=True)
class CostSums:
    """Differences by cluster, levels where both are known, and on what the moved ones rest."""

    clusters: dict[str, list[int]] = field(default_factory=dict)  # [sum of differences, requests]
    levels: list[int] = field(default_factory=lambda: [0, 0, 0])  # [requests, base, candidate]
    bases: Counter[str] = field(default_factory=Counter)

    def add(self, cluster: str, cost: PairedCost | None, moved: bool) -> int | None:
        """Adds a request and gives its difference. One that keeps its model costs what it did,
        also where nobody knows what that is.
        """
        if moved:
            self.bases[cost.basis if cost else "unknown"] += 1
        if cost:
            self.levels[0] += 1
            self.levels[1] += cost.base
            self.levels[2] += cost.candidate
        change = cost.candidate - cost.base if cost else None if moved else 0
        if change is not None:
            sums = self.clusters.setdefault(cluster, [0, 0])
            sums[0] += change
            sums[1] += 1
        return change

    def change(self) -> CostChange:
        sums = ClusterSums.of((total, n) for total, n in self.clusters.values())
        basis = self._basis()
        if not sums.requests:
            return CostChange("unknown", 0, None, None, None, None, None, None)
        known, base, candidate = self.levels
        interval = clustered_mean(sums, CONFIDENCE).scaled(1 / NANO)
        has_interval = basis == RECORDED and sums.clusters > 1
        return CostChange(
            basis=basis,
            requests=int(sums.requests),
            mean_usd=interval.estimate,
            low_usd=interval.low if has_interval else None,
            high_usd=interval.high if has_interval else None,
            base_mean_usd=base / known / NANO if known else None,
            candidate_mean_usd=candidate / known / NANO if known else None,
            relative=(candidate - base) / base if base else None if sums.total else 0.0,
        )

    def level(self) -> CostChange:
        """Of a first release: what requests cost, with nothing to compare it with."""
        change = self.change()
        return CostChange(
            basis=change.basis,
            requests=change.requests,
            mean_usd=None,
            low_usd=None,
            high_usd=None,
            base_mean_usd=None,
            candidate_mean_usd=change.candidate_mean_usd,
            relative=None,
        )

    def _basis(self) -> str:
        found = {basis for basis in (RECORDED, ESTIMATED) if self.bases[basis]}
        if self.bases["unknown"] and not found:
            return "unknown"
        if len(found) > 1 or (found and self.bases["unknown"]):
            return "mixed"
        return found.pop() if found else RECORDED


@dataclass(slots=True)
class Tally:
    """Everything the result needs, growing request by request."""

    total: Sums = field(default_factory=Sums)
    classes: dict[str, Sums] = field(default_factory=dict)
    tenants: dict[str, Sums] = field(default_factory=dict)
    moves: dict[tuple[str | None, str | None], Sums] = field(default_factory=dict)
    costs: CostSums = field(default_factory=CostSums)
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, pair: PairKey, changed: Difference, tenant: str, cost: int | None) -> None:
        base, candidate = pair
        groups = [
            self.total,
            self.classes.setdefault(base.class_key, Sums()),
            self.moves.setdefault((base.model, candidate.model), Sums()),
        ]
        if tenant:
            groups.append(self.tenants.setdefault(tenant, Sums()))
        for sums in groups:
            sums.add(changed, cost)
        self.lost.update(changed.lost_on)
        if changed.of_residency:
            self.gained.update(candidate.regions - base.regions)

    def sorted_moves(self) -> tuple[Move, ...]:
        """Largest first; ties by name, so that the same requests give the same bytes."""
        moves = [
            Move(source, target, sums.requests, sums.mean_change())
            for (source, target), sums in self.moves.items()
        ]
        key = lambda move: (-move.requests, move.source or "", move.target or "")  # noqa: E731
        return tuple(sorted(moves, key=key))


def slices(groups: dict[str, Sums]) -> tuple[Slice, ...]:
    """Those with most affected requests first."""
    found = [sums.slice(key) for key, sums in groups.items()]
    return tuple(sorted(found, key=lambda part: (-part.affected, -part.requests, part.key)))
