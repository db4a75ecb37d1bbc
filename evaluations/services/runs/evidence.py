"""Finished runs on the plan become evidence of every change request that asks for the same."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from evaluations.services.runs.shown import Shown, shown_by
from evaluations.services.runs.telling import detail_of, summary_of
from policies.governance.origin import Origin, acting_from
from policies.models import Bundle, ChangeRequest
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change, locked_open_changes
from policies.services.review import checks

RESOLVE = {
    Verdict.FAIL: "Change the candidate, or the margin if it is wrong; then evaluate again.",
    Verdict.INCONCLUSIVE: "Have a dataset with more requests required by the evidence plan.",
    Verdict.MISSING: "Evaluate it on the plan.",
}
FIRST_RELEASE = "Add a gate that holds a metric against a value; a first release has no baseline."
ANSWER = "Somebody who did not work on it has to answer the failed run in writing."


def bring_evidence(candidate: Bundle) -> None:
    """Bring what runs on the plan have shown to all open change requests that ask for the same."""
    of_this = Q(workflow=candidate.workflow_id, bundle__intent=candidate.intent)
    for change in locked_open_changes(of_this):
        record_evidence(change)


def judge_change(change_id: int) -> None:
    """Bring an open change request what runs on the plan have shown of its meaning already."""
    change = ChangeRequest.objects.with_related().open().filter(pk=change_id).first()
    if change is not None:
        with acting_from(Origin("task")), transaction.atomic():
            record_evidence(change)


def changes_to_judge() -> list[int]:
    """Open change requests bound by a plan under which they were not judged yet."""
    changes = ChangeRequest.objects.with_related().open().exclude(evidence_plan=None)
    found = []
    for change in changes:
        last = checks.newest(change, CheckKind.SHADOW_EVALUATION)
        if last is None or last.evidence_plan_id != change.evidence_plan_id:
            found.append(change.pk)
    return found


def record_evidence(change: ChangeRequest) -> None:
    """Keep the verdict as the check of a change request; any number of times.

    Must run inside a transaction. Nothing is kept while nothing was shown.
    """
    hold_change(change)
    shown = shown_by(change)
    if shown is None or not change.is_open or not shown.history:
        return
    last = checks.newest(change, CheckKind.SHADOW_EVALUATION)
    kept = (shown.digest, shown.plan.pk, shown.valid_until)
    if last and (last.evidence_digest, last.evidence_plan_id, last.valid_until) == kept:
        return
    run = shown.deciding.run
    checks.record_check(
        change,
        CheckKind.SHADOW_EVALUATION,
        shown.verdict,
        summary_of(shown),
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        resolve=_resolve(shown),
        detail=detail_of(shown),
        url=run.get_absolute_url() if run else "",
        evidence_digest=shown.digest,
        evidence_plan=shown.plan,
        valid_until=shown.valid_until,
    )


def _resolve(shown: Shown) -> str:
    run = shown.deciding.run
    if shown.blocking:
        return ANSWER
    if run is not None and run.verdict == Verdict.MISSING and run.report["first_release"]:
        return FIRST_RELEASE
    return RESOLVE.get(Verdict(shown.verdict), "")
