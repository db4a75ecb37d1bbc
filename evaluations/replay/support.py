"""How much of what a change does was seen: requests treated differently, and parts that none met.

A comparison of requests that both bundles treat alike shows nothing, however many they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from evaluations.replay import wording
from evaluations.replay.chunk import Plan
from evaluations.replay.evidence import Evidence
from evaluations.replay.tally import ALL_CLASSES
from policies.differences.parts import Part, unmet_parts
from policies.engine.analysis.alike import treat_alike


@dataclass(frozen=True, slots=True)
class Support:
    """The least that a pass needs: requests treated differently (`moved`), and the effective
    number of conversations that they come from (`clusters`).
    """

    moved: int = 100
    clusters: int = 40


@dataclass(frozen=True, slots=True)
class Supported:
    """What an evaluation saw of a change. `compares` is False for a first release.

    `unreached`: changed rules, rows and classes that no request of the dataset met.
    `proved_alike`: the analysis proves that both bundles treat every request alike.
    """

    moved: int
    effective_clusters: float
    minimum: Support
    unreached: tuple[Part, ...]
    proved_alike: bool
    compares: bool

    @property
    def is_enough(self) -> bool:
        """Whether comparisons may pass."""
        if self.proved_alike or not self.compares:
            return True
        least = self.minimum
        return self.moved >= least.moved and self.effective_clusters >= least.clusters

    def as_json(self) -> dict[str, Any]:
        return {
            "moved": self.moved,
            "effective_clusters": self.effective_clusters,
            "minimum": asdict(self.minimum),
            "unreached": [part.as_json() for part in self.unreached],
            "proved_alike": self.proved_alike,
            "is_enough": self.is_enough,
        }


def supported(plan: Plan, evidence: Evidence, minimum: Support) -> Supported:
    """The support of merged totals."""
    alike = plan.compares and treat_alike(plan.baseline, plan.candidate)
    met = evidence.known.sums["met"]
    unreached: tuple[Part, ...] = ()
    if plan.compares and not alike:
        unreached = unmet_parts(plan.baseline, plan.candidate, met["baseline"], met["candidate"])
    return Supported(
        moved=evidence.known.count(ALL_CLASSES, "moved"),
        effective_clusters=evidence.effective_clusters(ALL_CLASSES, "moved"),
        minimum=minimum,
        unreached=unreached,
        proved_alike=alike,
        compares=plan.compares,
    )


def shortage(found: Supported) -> str:
    """Why a pass would show nothing, in a sentence; empty where the support is enough."""
    if found.is_enough:
        return ""
    clusters = wording.rounded(found.effective_clusters)
    seen = f"{wording.count(found.moved)}, worth {clusters} independent conversations"
    least = found.minimum
    return (
        f"Too few requests are treated differently to judge the change: "
        f"{seen if found.moved else 'none'}; at least {wording.count(least.moved)}, worth "
        f"{wording.count(least.clusters)} independent conversations, are asked for."
    )


def unreached_sentence(found: Supported) -> str:
    """Names the changed parts that no request met; empty where there are none."""
    if not found.unreached:
        return ""
    named = "; ".join(part.words for part in found.unreached)
    return f"No request of the dataset reaches what changed in: {named}."
