"""Runs on evidence plans, as they are found again: by what was compared, on what, how."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.looks import Try, look_number
from evaluations.replay.support import Support
from evaluations.replay.terms import Terms
from policies.governance.evidence_plans import PlanTerms
from policies.models import Bundle, ChangeRequest, EvidencePlan, Release


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
    """Every run on a plan of what a candidate asks for, against whatever baseline, in its workflow:
    another base, from which its splits go on, or another environment's, takes no fail away. The
    oldest first.
    """
    rows = ShadowEvaluation.objects.looks_at(candidate.workflow)
    rows = rows.filter(candidate__intent=candidate.intent).with_related()
    return list(rows.select_related("answer__created_by").order_by("pk"))


def comparing(
    candidate: Bundle, baseline: Bundle | None, runs: Iterable[ShadowEvaluation]
) -> list[ShadowEvaluation]:
    """Those of the runs whose two sides do exactly what these do."""
    meanings = (candidate.meaning, baseline.meaning if baseline else None)
    return [
        run
        for run in runs
        if (run.candidate.meaning, run.baseline.meaning if run.baseline else None) == meanings
    ]


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


@dataclass(frozen=True)
class Looks:
    """Looks at sealed shares, as they count for one change request: all since what its base asks
    for was first in force in its environment, as release `first`; where there is none, all ever.

    A candidate is what it does exactly: dealt by other earlier weights it is tried anew.
    """

    tries: Mapping[int, list[Try]]  # by key of the dataset, the oldest first
    candidate: str  # its meaning
    baseline: str  # its intent
    first: int | None
    since: datetime.datetime | None

    def number(self, dataset: Dataset, terms: Terms) -> int:
        """Which look the change request takes at a dataset; at least, for what was run already."""
        what = (self.candidate, _but_look(terms.as_json()))
        return look_number(self.tries.get(dataset.pk, []), what, self.baseline, self.since)


def looks_of(change: ChangeRequest) -> Looks:
    """Whoever starts a run holds the workflow, so that no two runs are the same look. Two queries.

    A rollback to that content does not start the count anew, nor does other content in another
    environment.
    """
    base = change.base_release.bundle if change.base_release else None
    first, since = None, None
    if base is not None:
        there = Release.objects.filter(environment=change.environment_id)
        there = there.filter(bundle__intent=base.intent).order_by("published_at")
        first, since = there.values_list("number", "published_at")[0]
    rows = ShadowEvaluation.objects.looks_at(change.workflow).order_by("pk").values_list(
        "dataset", "candidate__meaning", "settings", "baseline__intent", "created_at"
    )  # fmt: skip
    tries: dict[int, list[Try]] = {}
    for dataset, meaning, settings, against_it, at in rows:
        told = Try((meaning, _but_look(settings)), against_it or "", at)
        tries.setdefault(dataset, []).append(told)
    return Looks(tries, change.bundle.meaning, base.intent if base else "", first, since)


def counting_in_words(environment: str, first: int | None) -> str:
    """What a look is and from when on looks count, for whoever reads a verdict."""
    counted = (
        f"Counted since release {first} of {environment}, when the content in force there was "
        "first published; publishing content there that does something else starts the count anew."
        if first is not None
        else f"All count until {environment} has a release."
    )
    return (
        "Each candidate evaluated on a sealed share is a try, for whichever environment and "
        "against whatever it was compared. The more tries, the likelier one passes by luck, so "
        "each further try needs more confidence to pass; the same candidate again is the same "
        f"try. {counted}"
    )
