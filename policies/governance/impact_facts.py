"""The figures of a measured blast radius that rules and summaries reckon with. Pure.

They are read from the JSON that is kept with the check of kind `impact`; whoever measures it has
the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ImpactFacts:
    """Shares are 0…1 of the requests looked at; None where nothing is known.

    `cost_change` is relative to the base's mean cost: 0.1 is 10 % dearer; `cost_change_usd` is the
    same in US dollars per request. `affected_classes` maps
    the key of a class to how many of its requests would be treated differently. `unreached` names
    what changed and was met by no request, so that figures say nothing of it. `is_reported`: of
    outcomes that routers reported, not of a dataset.
    """

    looked_at: int
    of_requests: int
    source: str
    affected: float | None
    rerouted: float | None
    cost_change: float | None
    cost_change_usd: float | None
    fallback_lost: float | None
    residency_changed: float | None
    regions_gained: tuple[str, ...]
    new_providers: tuple[str, ...]
    loosened: tuple[str, ...]
    affected_classes: Mapping[str, int]
    by_class: tuple[tuple[str, int, int], ...]
    unreached: tuple[str, ...]
    is_first_release: bool
    is_reported: bool

    @property
    def is_supported(self) -> bool:
        """Whether some request was looked at, and each changed part is reached by one."""
        return bool(self.looked_at) and not self.unreached


def impact_facts(detail: Mapping[str, Any] | None) -> ImpactFacts | None:
    """None for what was not measured, or was kept in a form that is not known here."""
    if not detail or "total" not in detail:
        return None
    try:
        return _read(detail)
    except (KeyError, TypeError, AttributeError):
        return None


def _read(detail: Mapping[str, Any]) -> ImpactFacts:
    by_class = tuple(
        (str(entry["key"]), int(entry["requests"]), int(entry["affected"]))
        for entry in detail["by_class"]
    )
    return ImpactFacts(
        looked_at=int(detail["looked_at"]),
        of_requests=int(detail["source"]["requests"]),
        source=str(detail["source"]["name"]),
        affected=detail["affected_share"],
        rerouted=detail["rerouted_share"],
        cost_change=detail["projected_cost_change"],
        cost_change_usd=detail.get("cost", {}).get("mean_usd"),
        fallback_lost=detail.get("fallback_lost_share"),
        residency_changed=detail["residency_changed_share"],
        regions_gained=tuple(sorted(detail["regions_gained"])),
        new_providers=tuple(detail["new_providers"]),
        loosened=tuple(detail["loosened"]),
        affected_classes={key: affected for key, _, affected in by_class},
        by_class=by_class,
        unreached=tuple(part["words"] for part in detail["unreached"]),
        is_first_release=not detail["base_digest"],
        is_reported=detail["source"].get("kind") == "week",
    )


def bound_facts(measured: Sequence[ImpactFacts | None]) -> dict[str, Any] | None:
    """What approvals are bound to of all that was measured: for each figure that rules on risk
    use, the worst, as precisely as pages say it. None before anything was measured.

    Another measurement with the same figures, or with milder ones, leaves it as it is.
    """
    if not measured:
        return None
    known = [facts for facts in measured if facts is not None]
    return {
        "is_supported": not began_with_reports(measured)
        and all(facts is not None and facts.is_supported for facts in measured),
        "cost_change": _farthest(facts.cost_change for facts in known),
        "rerouted": _farthest(facts.rerouted for facts in known),
        "residency_changed": _farthest(facts.residency_changed for facts in known),
        "regions_gained": sorted({name for facts in known for name in facts.regions_gained}),
        "new_providers": sorted({name for facts in known for name in facts.new_providers}),
        "loosened": sorted({sentence for facts in known for sentence in facts.loosened}),
        "affected_classes": sorted(
            {key for facts in known for key, count in facts.affected_classes.items() if count}
        ),
    }


def began_with_reports(measured: Sequence[ImpactFacts | None]) -> bool:
    """Whether what routers reported was once all that was measured, the oldest first.

    Whoever holds a router's token makes these: they may raise what is asked for, never lower it,
    nor does what is measured after them.
    """
    return bool(measured and measured[0] and measured[0].is_reported)


def _farthest(shares: Iterable[float | None]) -> tuple[float, bool]:
    """The one farthest from nothing, to a tenth of a percent, and whether it was always known."""
    told = list(shares)
    known = [round(share, 3) for share in told if share is not None]
    farthest = max(known, key=lambda share: (abs(share), share), default=0.0)
    return farthest, None not in told
