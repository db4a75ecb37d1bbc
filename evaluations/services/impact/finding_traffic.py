"""How much of a workflow's traffic lies in the regions that the static analysis found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from evaluations.impact.lens import Lens
from evaluations.impact.regions import count_inside
from evaluations.services.datasets.recorded import Recorded, last_week, recorded_requests
from policies.engine import Bundle, Request, digest, require_text_matcher
from policies.engine.analysis import Region, analyse
from policies.models import Workflow

KEPT_S = 24 * 3600
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FindingTraffic:
    """Share of requests, 0 to 1, by the name of the finding; `requests` looked at, of `source`."""

    source: str
    requests: int
    shares: dict[str, float]


def traffic_of_findings(bundle: Bundle, workflow: Workflow) -> FindingTraffic | None:
    """For every finding that is about requests, the share of them in the last week's outcomes,
    or in the evidence plan's dataset where none were reported; None where nothing is recorded.
    """
    recorded = last_week(workflow) or recorded_requests(workflow)
    if recorded.source.kind == "nothing":
        return None
    key = f"findings:{digest([bundle.digest, recorded.source.key, recorded.source.requests])}"
    known = _remembered(key)
    if known is None:
        known = _counted(bundle, recorded)
        _remember(key, known)
    return known


def share_of_traffic(workflow: Workflow, predicate: Callable[[Request], bool]) -> float | None:
    """Share of the last week's requests, else of the evidence plan's dataset, that a predicate
    holds for; prompts are there where they were recorded. None where nothing is recorded.
    """
    recorded = last_week(workflow) or recorded_requests(workflow)
    total = inside = 0
    for found in recorded.read((), with_prompts=True):
        total += 1
        inside += predicate(found.request)
    return inside / total if total else None


def _counted(bundle: Bundle, recorded: Recorded) -> FindingTraffic:
    require_text_matcher(bundle)
    findings = [finding for finding in analyse(bundle).findings if finding.region is not None]
    regions = [finding.region for finding in findings if finding.region is not None]
    total, counts = _count(bundle, recorded, regions)
    names = [finding.name for finding in findings]
    shares = {name: count / total for name, count in zip(names, counts, strict=True) if total}
    return FindingTraffic(recorded.source.name, total, shares)


def _count(bundle: Bundle, recorded: Recorded, regions: Sequence[Region]) -> tuple[int, list[int]]:
    if not regions:
        return 0, []
    requests = recorded.read((), with_prompts=Lens(bundle).needs_prompt)
    return count_inside(bundle, requests, regions)


def _remembered(key: str) -> FindingTraffic | None:
    try:
        raw = cache.get(key)
    except RedisError:
        logger.warning("The cache does not answer; traffic is counted again.")
        return None
    return FindingTraffic(**raw) if raw else None


def _remember(key: str, found: FindingTraffic) -> None:
    kept = {"source": found.source, "requests": found.requests, "shares": found.shares}
    try:
        cache.set(key, kept, KEPT_S)
    except RedisError:
        logger.warning("The cache does not answer; traffic will be counted again.")
