"""The blast radius of one bundle against another, as it is kept, shown and reckoned with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from evaluations.impact.traffic import Source
from policies.differences.parts import Part
from policies.engine import digest

SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Slice:
    """Counts of requests: of all, of one class (the base's) or of one tenant.

    `chain_changed`: other targets after the first for some failure that passes; of these,
    `fallback_lost`: none at all any more after some failure. `affected`: class, model or chain
    changed. `cost_change_usd` is the mean difference per request over the
    `cost_known` requests of which it can be told.
    """

    key: str
    requests: int
    class_changed: int
    model_changed: int
    chain_changed: int
    fallback_lost: int
    affected: int
    residency_changed: int
    cost_known: int
    cost_change_usd: float | None

    def share(self, count: int) -> float | None:
        return count / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Move:
    """Requests whose first model goes from one to another, or stays; None: refused."""

    source: str | None
    target: str | None
    requests: int
    cost_change_usd: float | None


@dataclass(frozen=True, slots=True)
class CostChange:
    """Candidate less base, US dollars per request, of the models chosen first.

    `basis` says how the requests that change models are priced: `recorded`, `estimated` (catalogue
    prices and token counts), `mixed` or `unknown`. Only recorded costs have an interval (95 %,
    clustered by conversation). `relative` is the change over the base's mean.
    """

    basis: str
    requests: int
    mean_usd: float | None
    low_usd: float | None
    high_usd: float | None
    base_mean_usd: float | None
    candidate_mean_usd: float | None
    relative: float | None


@dataclass(frozen=True)
class Impact:
    """What `candidate` would do to recorded requests that `base` decides now.

    Without a base (a first release) every request goes from no model to one. `unreached` are the
    changed rules, rows and classes that no request meets: of what they change nothing is known.
    `proved_alike` tells that the analysis proves that both treat every request alike.
    `fallback_lost_on` says after which kinds of failure how many requests lose their fallback.
    """

    base_digest: str
    candidate_digest: str
    source: Source
    looked_at: int
    total: Slice
    by_class: tuple[Slice, ...]
    by_tenant: tuple[Slice, ...]
    moves: tuple[Move, ...]
    cost: CostChange
    fallback_lost_on: Mapping[str, int]
    regions_gained: Mapping[str, int]
    new_providers: tuple[str, ...]
    new_provider_requests: int
    loosened: tuple[str, ...]
    unreached: tuple[Part, ...] = ()
    proved_alike: bool = False

    @property
    def is_unmeasured(self) -> bool:
        """Whether nothing was seen to change, and what changed was not met."""
        return bool(self.unreached) and not self.total.affected

    def _share(self, count: int) -> float | None:
        return None if self.is_unmeasured else self.total.share(count)

    @property
    def class_changed_share(self) -> float | None:
        """Share of requests with another class; None where no request could tell."""
        return self._share(self.total.class_changed)

    @property
    def rerouted_share(self) -> float | None:
        """Share of requests that another model would answer first; None where none tells."""
        return self._share(self.total.model_changed)

    @property
    def chain_changed_share(self) -> float | None:
        return self._share(self.total.chain_changed)

    @property
    def fallback_lost_share(self) -> float | None:
        """Share of requests that have no fallback any more after some failure that passes."""
        return self._share(self.total.fallback_lost)

    @property
    def affected_share(self) -> float | None:
        return self._share(self.total.affected)

    @property
    def residency_changed_share(self) -> float | None:
        """Share of requests whose first model runs in other regions than before."""
        return self._share(self.total.residency_changed)

    @property
    def projected_cost_change(self) -> float | None:
        """Relative change of the mean cost per request: 0.1 is 10 % dearer. None: not known."""
        return None if self.is_unmeasured else self.cost.relative

    @property
    def quality_floor_lowered(self) -> bool:
        """Whether a quality threshold asks for less, or is gone."""
        return bool(self.loosened)

    @cached_property
    def digest(self) -> str:
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: every field, and the figures that rules on impact reckon with by name."""
        return {
            "schema": SCHEMA,
            **asdict(self),
            "projected_cost_change": self.projected_cost_change,
            "class_changed_share": self.class_changed_share,
            "rerouted_share": self.rerouted_share,
            "chain_changed_share": self.chain_changed_share,
            "fallback_lost_share": self.fallback_lost_share,
            "affected_share": self.affected_share,
            "residency_changed_share": self.residency_changed_share,
            "quality_floor_lowered": self.quality_floor_lowered,
            "is_unmeasured": self.is_unmeasured,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Impact:
        """Back from `to_json`; raises KeyError or TypeError for another schema's."""
        if raw["schema"] != SCHEMA:
            raise KeyError(f"impact of schema {raw['schema']}")
        return cls(
            base_digest=raw["base_digest"],
            candidate_digest=raw["candidate_digest"],
            source=Source(**raw["source"]),
            looked_at=raw["looked_at"],
            total=Slice(**raw["total"]),
            by_class=tuple(Slice(**entry) for entry in raw["by_class"]),
            by_tenant=tuple(Slice(**entry) for entry in raw["by_tenant"]),
            moves=tuple(Move(**entry) for entry in raw["moves"]),
            cost=CostChange(**raw["cost"]),
            fallback_lost_on=dict(raw["fallback_lost_on"]),
            regions_gained=dict(raw["regions_gained"]),
            new_providers=tuple(raw["new_providers"]),
            new_provider_requests=raw["new_provider_requests"],
            loosened=tuple(raw["loosened"]),
            unreached=tuple(Part(**entry) for entry in raw["unreached"]),
            proved_alike=raw["proved_alike"],
        )
