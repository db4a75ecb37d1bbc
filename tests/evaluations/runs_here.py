"""Datasets of the cast's three models, and evaluations computed in the test's own process."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.services.datasets.importing import import_dataset
from evaluations.services.runs import running
from evaluations.services.runs.planned import evaluate_on_plan
from policies.governance.evidence_plans import PlanTerms, RequiredDataset
from policies.governance.roles import Role
from policies.models import ChangeRequest, Environment, EvidencePlan, Membership, Workflow
from policies.services.teams.evidence_plans import apply_plan
from tests.evaluations.outcome_files import row, write_jsonl
from tests.policies.steps import now

# model → (chance of a good answer, USD, ms): the small one is cheaper and nearly as good.
MODELS = {
    "swift-small": (0.86, 0.0004, 300),
    "orchid": (0.87, 0.0011, 420),
    "swift-large": (0.9, 0.006, 700),
}


def write_outcomes(
    path: Path,
    requests: int = 400,
    seed: int = 7,
    chances: Mapping[str, float] | None = None,
    failures: float = 0.02,
) -> Path:
    """A full matrix of made-up outcomes in conversations of about two requests; `chances` of a
    good answer by model, other than the usual ones; `failures` is the share of calls that fail.
    """
    source = random.Random(seed)
    rows = []
    for i in range(requests):
        about = {
            "task": source.choice(["answer", "answer", "code"]),
            "conversation_id": f"c{source.randrange(requests // 2)}",
            "features": {"prompt_tokens": source.randrange(20, 2000)},
        }
        for model, (usual, cost, latency) in MODELS.items():
            chance = (chances or {}).get(model, usual)
            failed = source.random() < failures
            rows.append(
                row(
                    f"r{i:05d}",
                    model,
                    quality=None if failed else float(source.random() < chance),
                    cost_usd=None if failed else round(cost * source.uniform(0.5, 2), 9),
                    latency_ms=round(latency * source.uniform(0.5, 2), 3),
                    error="429 rate limit" if failed else None,
                    **about,
                )
            )
    return write_jsonl(path, rows)


def imported(
    workflow: Workflow,
    author: User,
    folder: Path,
    *,
    requests: int = 400,
    seed: int = 7,
    chances: Mapping[str, float] | None = None,
    failures: float = 0.02,
) -> Dataset:
    """A dataset brought in by the service."""
    path = write_outcomes(folder / f"outcomes-{seed}.jsonl", requests, seed, chances, failures)
    return import_dataset(workflow, path, acting_user=author, name=f"Week {seed}")


def required(environment: Environment, *datasets: Dataset, **more: Any) -> EvidencePlan:
    """A plan that asks for these datasets and little support, with nine tenths of them sealed."""
    named = tuple(RequiredDataset(dataset.digest, dataset.name) for dataset in datasets)
    terms = PlanTerms(named, **{"sealed_share": 0.9, "min_moved": 20, "min_clusters": 10, **more})
    rows = Membership.objects.filter(team=environment.workflow.team, role=Role.ADMINISTRATOR)
    return apply_plan(environment, terms, acting_user=rows.earliest("pk").user)


def evaluated(change: ChangeRequest, user: User) -> list[ShadowEvaluation]:
    """Runs on the plan that binds a change request, computed."""
    runs = evaluate_on_plan(now(change), acting_user=user)
    return [computed(run) if run.is_unfinished else run for run in runs]


def computed(run: ShadowEvaluation) -> ShadowEvaluation:
    """The run after everything that workers would do."""
    for index in running.begin(run.pk):
        running.compute_chunk(run.pk, index)
    running.finish(run.pk)
    return ShadowEvaluation.objects.with_related().get(pk=run.pk)
