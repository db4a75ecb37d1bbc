"""How many recorded requests lie inside the regions that findings are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evaluations.impact.lens import Lens, Signature
from evaluations.impact.traffic import TrafficRequest
from policies.engine import Bundle
from policies.engine.analysis import Facts, Region, facts_of


def count_inside(
    bundle: Bundle, requests: Iterable[TrafficRequest], regions: Sequence[Region]
) -> tuple[int, list[int]]:
    """(requests in all, requests inside each region). Facts are found once for requests that the
    bundle cannot tell apart; by key as well where a region asks for models that a split deals out.
    """
    lens = Lens(bundle)
    weighted = any(route.select == "weighted" for _, route in bundle.router_policy.routes())
    dealt = weighted and any(region.models for region in regions)
    found: dict[tuple[Signature, str], Facts] = {}
    inside: dict[tuple[Signature, str], int] = {}
    for recorded in requests:
        values = lens.values(recorded.request)
        key = (
            lens.signature(recorded.request, values),
            lens.split_key(recorded.request, values) if dealt else "",
        )
        if key not in found:
            found[key] = facts_of(bundle, recorded.request)
        inside[key] = inside.get(key, 0) + 1
    counts = [
        sum(count for key, count in inside.items() if region.has(found[key])) for region in regions
    ]
    return sum(inside.values()), counts
