"""Runs on an evidence plan: the only ones that count as evidence. Each looks at sealed shares."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.db import transaction

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.services.datasets.sealed import datasets_of
from evaluations.services.runs.evidence import record_evidence
from evaluations.services.runs.looks import (
    comparing,
    is_fresh,
    looks_of,
    runs_of,
    runs_on,
    terms_on,
)
from evaluations.services.runs.starting import queue, refuse_unrecorded, run_of
from policies.governance.origin import Origin, acting_from
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, EvidencePlan
from policies.services.locking import hold_change, lock_workflow
from policies.services.review.checks import SET_A_PLAN, no_plan
from policies.services.rights import require_right

logger = logging.getLogger(__name__)


@transaction.atomic
def evaluate_on_plan(change: ChangeRequest, *, acting_user: User) -> list[ShadowEvaluation]:
    """Evaluate a change request's present content against its base on every required dataset.

    A run of the same meaning that is queued, or still fresh, is given back instead of a second
    one: to look again at the same thing shows nothing new.
    """
    team = change.workflow.team
    require_right("evaluate", team, acting_user=acting_user, to="run evaluations")
    hold_change(change)
    plan = _plan_of(change)
    lock_workflow(change.workflow_id)
    runs = [_run_on(plan, dataset, change, acting_user) for dataset in _required(plan)]
    record_evidence(change)
    return runs


def evaluate_submitted(change_id: int, user_id: int) -> None:
    """Start what a submission needs; where that cannot be, the review page says what is missing."""
    change = ChangeRequest.objects.with_related().open().filter(pk=change_id).first()
    if change is None:
        return
    try:
        with acting_from(Origin("task")):
            evaluate_on_plan(change, acting_user=User.objects.get(pk=user_id))
    except Refused as refusal:
        logger.info("Change request %s is not evaluated yet: %s", change_id, refusal)


def _plan_of(change: ChangeRequest) -> EvidencePlan:
    if not change.is_open:
        raise Refused(
            Reason("state", "This change request is closed; its evidence stays as it is.")
        )
    if change.evidence_plan is None:
        raise Refused(Reason("evidence_plan", no_plan(change.environment.name), SET_A_PLAN))
    return change.evidence_plan


def _required(plan: EvidencePlan) -> list[Dataset]:
    found = datasets_of(plan)
    absent = set(plan.terms.digests) - {dataset.digest for dataset in found}
    if absent:
        names = [entry.name for entry in plan.terms.datasets if entry.digest in absent]
        named = ", ".join(f"“{name}”" for name in names)
        raise Refused(
            Reason(
                "dataset",
                f"The evidence plan requires {named}, which this workflow does not have.",
                "Import it: the same rows have the same digest.",
            )
        )
    return found


def _run_on(
    plan: EvidencePlan, dataset: Dataset, change: ChangeRequest, acting_user: User
) -> ShadowEvaluation:
    refuse_unrecorded(dataset, change.bundle)
    baseline = change.base_release.bundle if change.base_release else None
    look = looks_of(change).number(dataset, terms_on(plan.terms))
    same = comparing(change.bundle, baseline, runs_of(change.bundle))
    earlier = runs_on(dataset, terms_on(plan.terms), same)
    paid = [run for run in earlier if run.look >= look]
    waiting = [run for run in paid if run.is_unfinished or is_fresh(run, plan)]
    if waiting:
        return waiting[-1]
    run = run_of(
        dataset,
        terms_on(plan.terms, look),
        candidate=change.bundle,
        baseline=baseline,
        change_request=change,
        evidence_plan=plan,
        created_by=acting_user,
    )
    return queue(run)
