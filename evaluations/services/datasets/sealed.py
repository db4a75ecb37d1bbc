"""Which datasets of a workflow stand in evidence plans, and what of them is open to everybody."""

from __future__ import annotations

import duckdb

from evaluations.datasets.sealing import Part, count_requests
from evaluations.models import Dataset
from policies.models import EvidencePlan, Workflow


def sealed_share_of(dataset: Dataset) -> float:
    """The largest share that a plan of the workflow, in force or not, ever sealed; 0 for none.

    What was sealed once stays so: a later plan may name the dataset again.
    """
    plans = EvidencePlan.objects.filter(environment__workflow=dataset.workflow_id)
    shares = [
        share
        for datasets, share in plans.values_list("datasets", "sealed_share")
        if any(entry["digest"] == dataset.digest for entry in datasets)
    ]
    return max(shares, default=0.0)


def open_part(dataset: Dataset) -> Part | None:
    """What pages, previews and runs that explore may read of a dataset; None: all of it."""
    share = sealed_share_of(dataset)
    return Part(dataset.digest, share, is_sealed=False) if share else None


def requests_in(dataset: Dataset, part: Part | None) -> int:
    """How many requests a part holds; where the file is gone, the read that follows will say so."""
    if part is None:
        return dataset.requests
    try:
        return count_requests(dataset.path, part)
    except (duckdb.Error, OSError):
        return dataset.requests


def furthest_plan(workflow: Workflow) -> EvidencePlan | None:
    """The plan in force in the environment furthest along promotion that has one. One query."""
    plans = EvidencePlan.objects.filter(environment__workflow=workflow)
    return (
        plans.select_related("environment")
        .order_by("-environment__position", "environment__name", "-version")
        .first()
    )


def datasets_of(plan: EvidencePlan) -> list[Dataset]:
    """The required datasets that are there, in the plan's order."""
    rows = Dataset.objects.filter(
        workflow=plan.environment.workflow_id, digest__in=plan.terms.digests
    ).select_related("workflow", "created_by")
    known = {dataset.digest: dataset for dataset in rows}
    return [known[digest] for digest in plan.terms.digests if digest in known]
