"""The figures of a measured blast radius that rules and summaries reckon with. Pure.

They are read from the JSON that is kept with the check of kind `impact`; whoever measures it has
the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ImpactFacts:
    """Shares are 0…1 of the requests looked at; None where nothing is known.

    `cost_change` is relative to the base's mean cost: 0.1 is 10 % dearer; `cost_change_usd` is the
    same in US dollars per request. `affected_classes` maps
    the key of a class to how many of its requests would be treated differently.
    """

    looked_at: int
    of_requests: int
    source: str
    affected: float | None
    rerouted: float | None
    cost_change: float | None
    cost_change_usd: float | None
    residency_changed: float | None
    regions_gained: tuple[str, ...]
    new_providers: tuple[str, ...]
    loosened: tuple[str, ...]
    affected_classes: Mapping[str, int]
    by_class: tuple[tuple[str, int, int], ...]
    is_first_release: bool


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
        residency_changed=detail["residency_changed_share"],
        regions_gained=tuple(sorted(detail["regions_gained"])),
        new_providers=tuple(detail["new_providers"]),
        loosened=tuple(detail["loosened"]),
        affected_classes={key: affected for key, _, affected in by_class},
        by_class=by_class,
        is_first_release=not detail["base_digest"],
    )
