"""What a change request has shown on the evidence plan that binds it, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.headline import LOOSENED
from evaluations.replay.recorded_models import Told, told_before
from evaluations.services.datasets.sealed import datasets_of
from evaluations.services.runs.looks import (
    Looks,
    comparing,
    fresh_until,
    is_fresh,
    looks_of,
    runs_of,
    runs_on,
    terms_on,
)
from evaluations.statistics.gates import worst
from policies.engine import Bundle, digest, parse_bundle
from policies.governance.evidence_plans import RequiredDataset
from policies.models import ChangeRequest, EvidencePlan
from policies.models.changes import Verdict


@dataclass(frozen=True)
class OnDataset:
    """What is shown on one required dataset: its newest finished run that is still fresh.

    `cheap` is one that does not count here: another environment counts fewer looks than the `look`
    that it would be. `told`: which models it records, as it is said before a run, too.
    """

    required: RequiredDataset
    dataset: Dataset | None
    run: ShadowEvaluation | None
    stale: ShadowEvaluation | None = None
    cheap: ShadowEvaluation | None = None
    look: int = 0
    told: tuple[Told, ...] = ()

    @property
    def beforehand(self) -> list[str]:
        """Where a run is still to come: which models it can show."""
        return [said.sentence for said in self.told if not (self.run or said.is_none)]

    @property
    def verdict(self) -> str:
        return self.run.verdict if self.run else Verdict.MISSING

    @property
    def reason(self) -> str:
        """The first reason of the run, or why there is none."""
        if self.run is not None:
            said = self.run.report["reasons"]
            reasons = [sentence for sentence in said if not sentence.startswith(LOOSENED)]
            return f"{reasons[0]}{f' And {len(reasons) - 1} more.' if len(reasons) > 1 else ''}"
        if self.dataset is None:
            return "The plan requires it, and it is not here."
        if self.stale is not None:
            return (
                f"Measured on {self.stale.finished_at:%-d %b %Y}, which is too long ago to count."
            )
        if self.cheap is not None:
            return (
                f"Measured as try {self.cheap.look} elsewhere; here it is try {self.look}, and "
                "judged more strictly. Evaluate it on the plan again."
            )
        unfit = [said.sentence for said in self.told if said.is_none]
        return " ".join(["Not evaluated on the plan yet.", *unfit])


@dataclass(frozen=True)
class Shown:
    """What a change request has shown on the plan that binds it.

    `history`: every finished run on a plan of what asks for the same, against whatever baseline,
    the newest first. `blocking`: those that failed and that nobody answered.
    """

    plan: EvidencePlan
    looks: Looks
    on: tuple[OnDataset, ...]
    history: tuple[ShadowEvaluation, ...]

    @property
    def blocking(self) -> list[ShadowEvaluation]:
        return [run for run in self.history if run.verdict == Verdict.FAIL and not answer_to(run)]

    @property
    def verdict(self) -> str:
        """The worst over the required datasets; a fail that nobody answered is one."""
        return worst([*(row.verdict for row in self.on), *(run.verdict for run in self.blocking)])

    @property
    def deciding(self) -> OnDataset:
        """The dataset that the verdict hangs on."""
        decided = worst([row.verdict for row in self.on])
        return next(row for row in self.on if row.verdict == decided)

    @property
    def valid_until(self) -> datetime | None:
        ends = [fresh_until(row.run, self.plan) for row in self.on if row.run is not None]
        return min((end for end in ends if end is not None), default=None)

    @property
    def digest(self) -> str:
        """What approvals are bound to: the terms, each result, each fail and its answer."""
        fails = [run for run in self.history if run.verdict == Verdict.FAIL]
        return digest(
            {
                "plan": self.plan.terms.as_json(),
                "results": [_result(row.run or row.stale) for row in self.on],
                "fails": sorted([run.result_digest, _said(run)] for run in fails),
            }
        )


def _result(run: ShadowEvaluation | None) -> str:
    """The same when it is no longer fresh: measured again, it is what approvers saw."""
    return run.result_digest if run else ""


def answer_to(run: ShadowEvaluation) -> Any:
    """What somebody answered to a failed run; None before."""
    return getattr(run, "answer", None)


def _said(run: ShadowEvaluation) -> str:
    answer = answer_to(run)
    return answer.reason if answer else ""


def shown_by(change: ChangeRequest) -> Shown | None:
    """What the change request's content has shown against its base; None where no plan binds it."""
    plan = change.evidence_plan
    if plan is None:
        return None
    plan.environment = change.environment  # the same, and read already
    baseline = change.base_release.bundle if change.base_release else None
    tried = [run for run in runs_of(change.bundle) if run.status == RunStatus.FINISHED]
    runs = comparing(change.bundle, baseline, tried)
    there = {dataset.digest: dataset for dataset in datasets_of(plan)}
    looks, sides = looks_of(change), _sides(change)
    on = [
        _on(required, there.get(required.digest), plan, runs, looks)
        for required in plan.terms.datasets
    ]
    told = [
        replace(row, told=told_before(sides, row.dataset.model_counts)) if row.dataset else row
        for row in on
    ]
    return Shown(plan, looks, tuple(told), tuple(reversed(tried)))


def _sides(change: ChangeRequest) -> list[tuple[str, Bundle]]:
    """Whose models are looked for in a dataset."""
    sides = [("the candidate", parse_bundle(change.bundle.content))]
    if change.base_release is not None:
        sides.append(("the baseline", parse_bundle(change.base_release.bundle.content)))
    return sides


def _on(
    required: RequiredDataset,
    dataset: Dataset | None,
    plan: EvidencePlan,
    runs: list[ShadowEvaluation],
    looks: Looks,
) -> OnDataset:
    if dataset is None:
        return OnDataset(required, None, None)
    found = runs_on(dataset, terms_on(plan.terms), runs)
    if not found:
        return OnDataset(required, dataset, None)
    look = looks.number(dataset, terms_on(plan.terms))
    paid = [run for run in found if run.look >= look]
    if not paid:
        return OnDataset(required, dataset, None, cheap=found[-1], look=look)
    newest = paid[-1]
    if is_fresh(newest, plan):
        return OnDataset(required, dataset, newest)
    return OnDataset(required, dataset, None, stale=newest)
