"""Runs on evidence plans, as they are found again: by what was compared, on what, how."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.support import Support
from evaluations.replay.terms import Terms
from policies.governance.evidence_plans import PlanTerms
from policies.models import Bundle, EvidencePlan


def terms_on(plan: PlanTerms, look: int = 1) -> Terms:
    """The terms of a run on a plan, as some look at its sealed share."""
    return Terms(
        plan.adequate_at,
        plan.timeout_ms,
        Support(plan.min_moved, plan.min_clusters),
        sealed_share=plan.sealed_share,
        look=look,
    )


def runs_of(candidate: Bundle) -> list[ShadowEvaluation]:
    """Every run on a plan of what a candidate does, against whatever baseline, in its workflow:
    another base, or another environment's, takes no fail away. The oldest first.
    """
    rows = ShadowEvaluation.objects.looks_at(candidate.workflow)
    rows = rows.filter(candidate__meaning=candidate.meaning).with_related()
    return list(rows.select_related("answer__created_by").order_by("pk"))


def against(runs: Iterable[ShadowEvaluation], baseline: Bundle | None) -> list[ShadowEvaluation]:
    """Those of the runs whose baseline does what this one does."""
    meaning = baseline.meaning if baseline else None
    return [run for run in runs if (run.baseline.meaning if run.baseline else None) == meaning]


def runs_on(
    dataset: Dataset, terms: Terms, runs: Iterable[ShadowEvaluation]
) -> list[ShadowEvaluation]:
    """Those of the runs that read this dataset under these terms, whichever look they were."""
    wanted = _but_look(terms.as_json())
    return [
        run
        for run in runs
        if run.dataset.digest == dataset.digest and _but_look(run.settings) == wanted
    ]


def _but_look(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "look"}


def fresh_until(run: ShadowEvaluation, plan: EvidencePlan) -> datetime.datetime | None:
    """When a finished run stops to count; None for one that is not finished."""
    if run.status != RunStatus.FINISHED or run.finished_at is None:
        return None
    return run.finished_at + datetime.timedelta(days=plan.fresh_days)


def is_fresh(run: ShadowEvaluation, plan: EvidencePlan) -> bool:
    """Whether a finished run still counts."""
    until = fresh_until(run, plan)
    return until is not None and until > timezone.now()


def look_number(dataset: Dataset, terms: Terms, candidate: Bundle, baseline: Bundle | None) -> int:
    """Which look at the sealed share this is: one more than all that were tried on it against the
    same baseline; the same again for what was tried before. The caller holds the workflow.
    """
    rows = ShadowEvaluation.objects.looks_at(dataset.workflow).filter(dataset=dataset)
    rows = rows.filter(baseline__meaning=baseline.meaning) if baseline else rows.filter(
        baseline=None
    )  # fmt: skip
    wanted, most = _but_look(terms.as_json()), 0
    for meaning, settings, look in rows.values_list("candidate__meaning", "settings", "look"):
        if meaning == candidate.meaning and _but_look(settings) == wanted:
            return look
        most = max(most, look)
    return most + 1
