"""A finished evaluation becomes evidence of its change request."""

from __future__ import annotations

from typing import Any

from evaluations.models import ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.regressions import review_facts
from evaluations.replay.wording import rounded
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review.checks import record_check
from policies.wording.numbers import number

RESOLVE = {
    Verdict.FAIL: "Change the candidate, or the margin if it is wrong; then evaluate again.",
    Verdict.INCONCLUSIVE: "Evaluate on a dataset with more requests that this change concerns.",
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
        resolve=_resolve(run),
        detail=_detail(run),
        url=run.get_absolute_url(),
        evidence_digest=run.result_digest,
    )


def summary_of(run: ShadowEvaluation) -> str:
    """On what and under which conditions it was compared, what is loosened, the first reason."""
    reasons = run.report["reasons"]
    more = f" And {len(reasons) - 1} more." if len(reasons) > 1 else ""
    dataset = f"{number(run.dataset.requests)} requests of “{run.dataset.name}”"
    said = [f"On {dataset}", *filter(None, (_support(run.report), _conditions(run)))]
    return f"{'; '.join(said)}: {_loosened(run.report)}{reasons[0]}{more}"


def _support(report: dict[str, Any]) -> str:
    support = report["support"]
    if report["first_release"]:
        return ""
    if support["proved_alike"]:
        return "every one provably treated as before"
    clusters = rounded(support["effective_clusters"])
    return f"{number(support['moved'])} treated differently ({clusters} effective conversations)"


def _conditions(run: ShadowEvaluation) -> str:
    limits = run.settings["timeout_ms"]
    timed = [
        f"{'' if model == '*' else f'{model} '}{limit:g} ms" for model, limit in limits.items()
    ]
    time = f"time limit {', '.join(timed)}" if timed else "no time limit"
    return f"good enough from {run.settings['adequate_at']:g}, {time}"


def _loosened(report: dict[str, Any]) -> str:
    count = len(report["loosened"])
    if not count:
        return ""
    return f"{count} threshold{'' if count == 1 else 's'} loosened, judged by both. "


def _resolve(run: ShadowEvaluation) -> str:
    if run.verdict == Verdict.MISSING and run.report["first_release"]:
        return "Add a gate that holds a metric against a value; a first release has no baseline."
    return RESOLVE.get(Verdict(run.verdict), "")


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
        "conditions": run.settings,
        "support": run.report["support"],
        "first_release": run.report["first_release"],
        "loosened": run.report["loosened"],
        "earlier_runs": _earlier_runs(run),
        **review_facts(run.report),
    }


def _earlier_runs(run: ShadowEvaluation) -> list[dict[str, Any]]:
    earlier = ShadowEvaluation.objects.filter(
        workflow=run.workflow, candidate=run.candidate, status=RunStatus.FINISHED, pk__lt=run.pk
    ).select_related("dataset")
    return [
        {"evaluation": other.pk, "dataset": other.dataset.name, "verdict": other.verdict}
        for other in earlier.order_by("pk")
    ]
