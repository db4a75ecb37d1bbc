"""Which place serves an address, and how large a body may be there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlaceName(StrEnum):
    """The kinds of work that must not wait for one another."""

    PLANE = "plane"
    PROBES = "probes"
    REPORTS = "reports"
    PAGES = "pages"


@dataclass(frozen=True)
class Route:
    place: PlaceName
    most_bytes: int


# Behind these bounds every form and operation has its own, with words of its own.
NOTHING_SENT = 64 * 1024
BATCH_BYTES = 6_000_000
PAGE_BYTES = 25_000_000
DATASET_BYTES = 1_000_000_000

_EXACT = {
    "/healthz": Route(PlaceName.PROBES, NOTHING_SENT),
    "/readyz": Route(PlaceName.PROBES, NOTHING_SENT),
    "/readyz/delivery": Route(PlaceName.PROBES, NOTHING_SENT),
    "/metrics": Route(PlaceName.PROBES, NOTHING_SENT),
    "/api/v1/outcomes": Route(PlaceName.REPORTS, BATCH_BYTES),
    "/api/v1/feedback": Route(PlaceName.REPORTS, BATCH_BYTES),
}
_DATASETS = Route(PlaceName.PAGES, DATASET_BYTES)
_PAGES = Route(PlaceName.PAGES, PAGE_BYTES)


def route_of(path: str) -> Route:
    """Where a request to this path belongs."""
    found = _EXACT.get(path)
    if found is not None:
        return found
    return _DATASETS if "/datasets/" in path else _PAGES
