"""The measured impact as a check of a change request: computed, kept, and found wanting."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from django.db import transaction

from evaluations.impact import Impact
from evaluations.impact.result import SCHEMA
from evaluations.impact.wording import summary
from evaluations.services.datasets.standing import Recorded, recorded_requests
from evaluations.services.impact.measuring import NO_REQUESTS, impact_from_json, impact_of_change
from policies.engine import EngineError, digest
from policies.governance.origin import Origin, acting_from
from policies.models import ChangeRequest, Check
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review import checks
from policies.services.review.settling import settle_impact

logger = logging.getLogger(__name__)
UNMET = "Choose a standing dataset whose requests meet what this changes."


def kept_impact(change: ChangeRequest) -> Impact | None:
    """The impact recorded for the present content and base."""
    check = checks.newest(change, CheckKind.IMPACT)
    return impact_from_json(check.detail) if check else None


def record_impact(change_id: int) -> None:
    """Measure an open change request and keep the result as its check; any number of times."""
    change = ChangeRequest.objects.with_related().open().filter(pk=change_id).first()
    if change is None:
        return
    try:
        impact = impact_of_change(change)
    except (EngineError, duckdb.Error, OSError) as error:
        logger.exception("The impact of change request %s cannot be measured.", change_id)
        _keep(change, _failed(change, error))
    else:
        _keep(change, _finding(change, impact))


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


def _failed(change: ChangeRequest, error: Exception) -> _Finding:
    """Kept too, so that nobody waits for it and it is not tried all the time."""
    detail = {"source": asdict(recorded_requests(change.workflow).source)}
    said = {"error": type(error).__name__, **detail}
    return _Finding(
        verdict=Verdict.MISSING,
        summary=f"The blast radius could not be measured: {error}",
        resolve="Choose another standing dataset.",
        detail=detail,
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        evidence_digest=digest(said),
    )


def _keep(change: ChangeRequest, finding: _Finding) -> None:
    with acting_from(Origin("task")), transaction.atomic():
        hold_change(change)
        present = (change.bundle.digest, change.base_digest)
        last = checks.newest(change, CheckKind.IMPACT)
        if (finding.bundle_digest, finding.base_digest) != present:
            return
        if last is not None and last.evidence_digest == finding.evidence_digest:
            return
        url = f"{change.get_absolute_url()}impact/"
        checks.record_check(change, CheckKind.IMPACT, url=url, **asdict(finding))
        settle_impact(change)


def changes_to_measure() -> list[int]:
    """Open change requests without an impact of their present content on the present source."""
    found: list[int] = []
    sources: dict[int, Recorded] = {}
    for change in ChangeRequest.objects.with_related().open():
        check = checks.newest(change, CheckKind.IMPACT)
        if check is not None:
            workflow = change.workflow
            if workflow.pk not in sources:
                sources[workflow.pk] = recorded_requests(workflow)
            if not _is_stale(check, sources[workflow.pk]):
                continue
        found.append(change.pk)
    return found


def _is_stale(check: Check, recorded: Recorded) -> bool:
    """Another dataset stands for the workflow now, requests came where there were none, or an
    earlier version of the console measured less.

    What an earlier version of the console measured in another form counts as not measured. A week
    that merely moved on by some hours is no reason: what reviewers saw would change under their
    eyes.
    """
    if check.detail.get("schema", SCHEMA) != SCHEMA:
        return True
    seen = check.detail.get("source", {})
    if recorded.source.kind == "week":
        return bool(seen.get("kind") != "week")
    return bool(seen.get("key") != recorded.source.key)
