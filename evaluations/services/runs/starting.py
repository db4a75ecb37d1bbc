"""Start and cancel shadow evaluations."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from functools import partial
from typing import Any

from celery import current_app
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import UNFINISHED, RunStatus
from evaluations.replay.recorded_models import recorded_models
from evaluations.replay.terms import Terms
from evaluations.services.datasets.sealed import requests_in, sealed_share_of
from evaluations.services.runs.running import identity_digest
from policies.engine import parse_bundle
from policies.governance.refusals import Reason, Refused
from policies.models import Bundle, ChangeRequest, Workflow
from policies.services import audit
from policies.services.rights import require_right

logger = logging.getLogger(__name__)

REQUESTS_PER_CHUNK = 400
MOST_CHUNKS = 256


@transaction.atomic
def start_evaluation(
    *,
    acting_user: User,
    workflow: Workflow,
    dataset: Dataset,
    candidate: Bundle,
    baseline: Bundle | None,
    change_request: ChangeRequest | None = None,
    terms: Terms | None = None,
    chunk_count: int | None = None,
) -> ShadowEvaluation:
    """Queue an evaluation of `candidate` against `baseline` on `dataset`, to explore.

    It reads the open part of the dataset and is evidence for nobody; see `planned` for what is. For
    a change request it must be its present content against its base. The same run, queued or
    finished, is given back instead of a second one. Without a baseline (nothing released yet) the
    candidate is measured by itself.
    """
    require_right("evaluate", workflow.team, acting_user=acting_user, to="run evaluations")
    _refuse_strangers(workflow, dataset, candidate, baseline)
    refuse_unrecorded(dataset, candidate)
    if change_request is not None:
        _refuse_other_content(change_request, workflow, candidate, baseline)
    run = run_of(
        dataset,
        replace(terms or Terms(), sealed_share=sealed_share_of(dataset)),
        candidate=candidate,
        baseline=baseline,
        change_request=change_request,
        created_by=acting_user,
    )
    if chunk_count is not None:
        run.chunk_count = chunk_count
    return _same_run(run) or queue(run)


def run_of(dataset: Dataset, terms: Terms, **more: Any) -> ShadowEvaluation:
    """A run of the part of a dataset that its terms read, not saved yet."""
    requests = requests_in(dataset, terms.part_of(dataset.digest))
    run = ShadowEvaluation(
        workflow=dataset.workflow,
        dataset=dataset,
        settings=terms.as_json(),
        look=terms.look,
        requests=requests,
        chunk_count=chunks_for(requests),
        **more,
    )
    run.identity = identity_digest(run)
    return run


def queue(run: ShadowEvaluation) -> ShadowEvaluation:
    """Save a run and hand it to the workers. Runs inside the caller's transaction."""
    run.save()
    detail = {"dataset": run.dataset.digest, "candidate": run.candidate.digest, "look": run.look}
    audit.record(
        "evaluation.started",
        run,
        acting_user=run.created_by,
        workflow=run.workflow,
        after=run.identity,
        detail=detail,
    )
    transaction.on_commit(partial(enqueue, run.pk))
    return run


def evaluate_change(
    change: ChangeRequest, dataset: Dataset, *, acting_user: User, terms: Terms | None = None
) -> ShadowEvaluation:
    """Explore what a change request's present content does against its base."""
    return start_evaluation(
        acting_user=acting_user,
        workflow=change.workflow,
        dataset=dataset,
        candidate=change.bundle,
        baseline=change.base_release.bundle if change.base_release else None,
        change_request=change,
        terms=terms,
    )


@transaction.atomic
def cancel_evaluation(run: ShadowEvaluation, *, acting_user: User) -> ShadowEvaluation:
    """Stop a run that is not finished; chunks already computed are dropped."""
    team = run.workflow.team
    require_right("evaluate", team, acting_user=acting_user, to="cancel evaluations")
    stopped = ShadowEvaluation.objects.filter(pk=run.pk, status__in=UNFINISHED).update(
        status=RunStatus.CANCELLED, finished_at=timezone.now()
    )
    run = ShadowEvaluation.objects.with_related().get(pk=run.pk)
    if not stopped:
        state = run.get_status_display().lower()
        raise Refused(Reason("state", f"This evaluation is {state}; nothing is left to cancel."))
    run.chunks.all().delete()
    audit.record("evaluation.cancelled", run, acting_user=acting_user, workflow=run.workflow)
    return run


def chunks_for(requests: int) -> int:
    """How many chunks a dataset is cut into: small enough for progress, few enough to manage."""
    return min(MOST_CHUNKS, max(1, math.ceil(requests / REQUESTS_PER_CHUNK)))


def enqueue(run_id: int) -> None:
    """Hand a run to the workers; with the broker down it stays queued for the sweeper."""
    try:
        current_app.send_task("evaluations.begin_run", (run_id,), retry=False)
    except (OperationalError, OSError):
        logger.warning("The broker does not answer; evaluation %s waits to be resumed.", run_id)


def _refuse_strangers(
    workflow: Workflow, dataset: Dataset, candidate: Bundle, baseline: Bundle | None
) -> None:
    for name, thing in (("dataset", dataset), ("candidate", candidate), ("baseline", baseline)):
        if thing is not None and thing.workflow_id != workflow.pk:
            raise Refused(
                Reason("workflow", f"The {name} belongs to another workflow than {workflow}.")
            )


def refuse_unrecorded(dataset: Dataset, candidate: Bundle) -> None:
    """Raise Refused where no model of the candidate was asked for any request of the dataset."""
    found = recorded_models(parse_bundle(candidate.content), dataset.model_counts)
    if found.is_none:
        sentence = found.sentence("the candidate", f"“{dataset.name}”")
        raise Refused(
            Reason("dataset", sentence, "Choose a dataset on which these models were asked.")
        )


def _refuse_other_content(
    change: ChangeRequest, workflow: Workflow, candidate: Bundle, baseline: Bundle | None
) -> None:
    base = change.base_release.bundle if change.base_release else None
    if change.workflow_id != workflow.pk or change.bundle_id != candidate.pk:
        raise Refused(
            Reason("content", "This is not the present content of the change request.",
                   "Evaluate its present content.")
        )  # fmt: skip
    if base != baseline:
        raise Refused(
            Reason("content", "The baseline is not the release the change is compared with.",
                   "Evaluate against its base.")
        )  # fmt: skip


def _same_run(run: ShadowEvaluation) -> ShadowEvaluation | None:
    return (
        ShadowEvaluation.objects.with_related()
        .filter(
            workflow=run.workflow,
            identity=run.identity,
            change_request=run.change_request,
            status__in=(*UNFINISHED, RunStatus.FINISHED),
        )
        .first()
    )
