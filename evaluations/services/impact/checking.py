"""The measured impact as a check of a change request: computed, kept, and found wanting."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from django.db import transaction

from evaluations.impact import Impact
from evaluations.impact.result import SCHEMA
from evaluations.impact.traffic import Source
from evaluations.impact.wording import summary
from evaluations.services.datasets.recorded import Recorded, last_week
from evaluations.services.datasets.sealed import datasets_of
from evaluations.services.impact.measuring import (
    NO_REQUESTS,
    bundles_of,
    extent,
    impact_from_json,
    impact_on,
    sources_for,
)
from policies.engine import EngineError, digest
from policies.governance.origin import Origin, acting_from
from policies.models import ChangeRequest
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review import checks
from policies.services.review.settling import settle_impact

logger = logging.getLogger(__name__)
UNMET = "Have a dataset required by the evidence plan whose requests meet what this changes."


def kept_impact(change: ChangeRequest) -> Impact | None:
    """The largest impact recorded for the present content and base."""
    check = checks.newest(change, CheckKind.IMPACT)
    return impact_from_json(check.detail) if check else None


def record_impact(change_id: int) -> None:
    """Measure an open change request and keep the result as its check; any number of times."""
    change = ChangeRequest.objects.with_related().open().filter(pk=change_id).first()
    if change is None:
        return
    _keep(change, [*_measured(change), *_absent(change)])


def _measured(change: ChangeRequest) -> list[_Finding]:
    """One finding for each source, the farthest-reaching last, and then what has no figures."""
    base, candidate = bundles_of(change)
    impacts, failed = [], []
    for recorded in sources_for(change.evidence_plan, change.workflow):
        try:
            impacts.append(impact_on(base, candidate, recorded))
        except (EngineError, duckdb.Error, OSError) as error:
            logger.exception("The impact of change request %s cannot be measured.", change.pk)
            failed.append(_failed(change, recorded, f"could not be measured: {error}"))
    return [*(_finding(change, impact) for impact in sorted(impacts, key=extent)), *failed]


def _absent(change: ChangeRequest) -> list[_Finding]:
    """Datasets that the plan requires and nobody has imported."""
    plan = change.evidence_plan
    if plan is None:
        return []
    there = {dataset.digest for dataset in datasets_of(plan)}
    return [
        _failed(
            change,
            Recorded(Source("dataset", dataset.digest, f"“{dataset.name}”")),
            f"was not measured on “{dataset.name}”: the plan requires it, and it is not here.",
        )
        for dataset in plan.terms.datasets
        if dataset.digest not in there
    ]


@dataclass(frozen=True)
class _Finding:
    """What is to be kept as the check."""

    verdict: Verdict
    summary: str
    resolve: str
    detail: dict[str, Any]
    bundle_digest: str
    base_digest: str
    evidence_digest: str


def _finding(change: ChangeRequest, impact: Impact) -> _Finding:
    is_known = bool(impact.looked_at) and not impact.is_unmeasured
    mend = NO_REQUESTS if not impact.looked_at else UNMET if impact.is_unmeasured else ""
    return _Finding(
        verdict=Verdict.PASS if is_known else Verdict.MISSING,
        summary=summary(impact),
        resolve=mend,
        detail=impact.to_json(),
        bundle_digest=impact.candidate_digest,
        base_digest=impact.base_digest,
        evidence_digest=impact.digest,
    )


def _failed(change: ChangeRequest, recorded: Recorded, why: str) -> _Finding:
    """Kept too, so that nobody waits for it and it is not tried all the time."""
    detail = {"source": asdict(recorded.source)}
    said = {"failed": True, "content": [change.bundle.digest, change.base_digest], **detail}
    return _Finding(
        verdict=Verdict.MISSING,
        summary=f"The blast radius {why}",
        resolve="Import the dataset again, or have another one required.",
        detail=detail,
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        evidence_digest=digest(said),
    )


def _keep(change: ChangeRequest, findings: list[_Finding]) -> None:
    with acting_from(Origin("task")), transaction.atomic():
        hold_change(change)
        present = (change.bundle.digest, change.base_digest)
        if any((found.bundle_digest, found.base_digest) != present for found in findings):
            return
        kept = checks.for_content(change, CheckKind.IMPACT)
        known = list(kept.values_list("evidence_digest", flat=True))[-len(findings) :]
        if known == [found.evidence_digest for found in findings]:
            return
        url = f"{change.get_absolute_url()}impact/"
        for found in findings:
            checks.record_check(change, CheckKind.IMPACT, url=url, **asdict(found))
        settle_impact(change)


def changes_to_measure() -> list[int]:
    """Open change requests whose present content was not measured on all that binds them."""
    changes = ChangeRequest.objects.with_related().open()
    return [change.pk for change in changes if not _is_measured(change)]


def _is_measured(change: ChangeRequest) -> bool:
    """Without a plan once is enough: a week that moved on by some hours is no reason, since what
    reviewers saw would change under their eyes. But requests may have come where there were none.

    What an earlier version of the console measured in another form counts as not measured.
    """
    details = [check.detail for check in checks.for_content(change, CheckKind.IMPACT)]
    known = [detail for detail in details if detail.get("schema", SCHEMA) == SCHEMA]
    seen = [detail.get("source", {}) for detail in known]
    if change.evidence_plan is not None:
        keys = {source.get("key") for source in seen}
        return keys.issuperset(change.evidence_plan.terms.digests)
    if any(source.get("kind") == "week" for source in seen):
        return True
    return bool(seen) and last_week(change.workflow) is None
