"""Datasets of the cast's three models, and evaluations computed in the test's own process."""

from __future__ import annotations

import random
from pathlib import Path

from django.contrib.auth.models import User

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.services.datasets.importing import import_dataset
from evaluations.services.runs import running
from policies.models import Workflow
from tests.evaluations.outcome_files import row, write_jsonl

# model → (chance of a good answer, USD, ms): the small one is cheaper and nearly as good.
MODELS = {
    "swift-small": (0.86, 0.0004, 300),
    "orchid": (0.87, 0.0011, 420),
    "swift-large": (0.9, 0.006, 700),
}


def write_outcomes(path: Path, requests: int = 400, seed: int = 7) -> Path:
    """A full matrix of made-up outcomes in conversations of about two requests."""
    source = random.Random(seed)
    rows = []
    for i in range(requests):
        about = {
            "task": source.choice(["answer", "answer", "code"]),
            "conversation_id": f"c{source.randrange(requests // 2)}",
            "features": {"prompt_tokens": source.randrange(20, 2000)},
        }
        for model, (chance, cost, latency) in MODELS.items():
            failed = source.random() < 0.02
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
    workflow: Workflow, author: User, folder: Path, *, requests: int = 400, seed: int = 7
) -> Dataset:
    """A dataset brought in by the service."""
    path = write_outcomes(folder / f"outcomes-{seed}.jsonl", requests, seed)
    return import_dataset(workflow, path, acting_user=author, name=f"Week {seed}")


def computed(run: ShadowEvaluation) -> ShadowEvaluation:
    """The run after everything that workers would do."""
    for index in running.begin(run.pk):
        running.compute_chunk(run.pk, index)
    running.finish(run.pk)
    return ShadowEvaluation.objects.with_related().get(pk=run.pk)
