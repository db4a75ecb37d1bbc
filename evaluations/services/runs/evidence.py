"""A finished evaluation becomes evidence of its change request."""

from __future__ import annotations

from typing import Any

from evaluations.models import ShadowEvaluation
from evaluations.models.runs import RunStatus
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review.checks import record_check

RESOLVE = {
    Verdict.FAIL: "Change the candidate, or the margin if it is wrong; then evaluate again.",
    Verdict.INCONCLUSIVE: "Evaluate on a dataset with more requests.",
    Verdict.MISSING: "Evaluate on a dataset that records what the gates ask for.",
}


def record_evidence(run: ShadowEvaluation) -> None:
    """Record the verdict with its reasons; must run inside the transaction that finishes the run.

    Earlier runs of the same content are listed with it: running again until one passes shows.
    """
    change = run.change_request
    if change is None:
        return
    hold_change(change)
    record_check(
        change,
        CheckKind.SHADOW_EVALUATION,
        run.verdict,
        summary_of(run),
        bundle_digest=run.candidate.digest,
        base_digest=run.baseline_digest,
        resolve=RESOLVE.get(Verdict(run.verdict), ""),
        detail=_detail(run),
        url=run.get_absolute_url(),
        evidence_digest=run.result_digest,
    )


def summary_of(run: ShadowEvaluation) -> str:
    """One or two sentences: what was compared, and the first reason."""
    reasons = run.report["reasons"]
    more = f" And {len(reasons) - 1} more." if len(reasons) > 1 else ""
    return f"On {run.dataset.requests:,} requests of “{run.dataset.name}”: {reasons[0]}{more}"


def _detail(run: ShadowEvaluation) -> dict[str, Any]:
    gates = (
        "id",
        "label",
        "class",
        "verdict",
        "reason",
        "estimate",
        "low",
        "high",
        "limit",
        "scale",
    )
    return {
        "evaluation": run.pk,
        "dataset": {"name": run.dataset.name, "digest": run.dataset.digest},
        "gates": [{name: gate[name] for name in gates} for gate in run.report["gates"]],
        "earlier_runs": _earlier_runs(run),
    }


def _earlier_runs(run: ShadowEvaluation) -> list[dict[str, Any]]:
    earlier = ShadowEvaluation.objects.filter(
        workflow=run.workflow, candidate=run.candidate, status=RunStatus.FINISHED, pk__lt=run.pk
    ).select_related("dataset")
    return [
        {"evaluation": other.pk, "dataset": other.dataset.name, "verdict": other.verdict}
        for other in earlier.order_by("pk")
    ]
