"""A worker killed in the middle of an evaluation costs time, never the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.contrib.auth.models import User

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.services.runs.starting import start_evaluation
from policies.models import Bundle, Environment, Workflow
from tests.evaluations.runs_here import computed, imported
from tests.policies.steps import documents, proposed
from tests.services.valkey import Valkey
from tests.services.worker import WorkerProcess

LIMIT_S = 90
CHUNKS = 60

Workers = Callable[..., WorkerProcess]


def started(
    workflow: Workflow, dataset: Dataset, author: User, pair: tuple[Bundle, Bundle], chunks: int
) -> ShadowEvaluation:
    candidate, baseline = pair
    return start_evaluation(
        acting_user=author, workflow=workflow, dataset=dataset, candidate=candidate,
        baseline=baseline, chunk_count=chunks,
    )  # fmt: skip


def wait_for(run: ShadowEvaluation, done: Callable[[], bool], worker: WorkerProcess) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while not done():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"evaluation {run.pk} got nowhere:\n{worker.output()[-4000:]}")
        time.sleep(0.01)
        run.refresh_from_db()


@pytest.mark.slow
def test_killed_worker__in_the_middle_of_a_run__leaves_the_result_byte_identical(
    celery_worker_process: Workers,
    valkey: Valkey,
    empty_cache: None,
    staging: Environment,
    author: User,
    tmp_path: Path,
) -> None:
    workflow = staging.workflow
    dataset = imported(workflow, author, tmp_path, requests=3000)
    pair = (
        proposed(staging, author, documents(share=40)).bundle,
        proposed(staging, author).bundle,
    )
    undisturbed = computed(started(workflow, dataset, author, pair, 1)).result
    ShadowEvaluation.objects.all().delete()

    worker = celery_worker_process(CELERY_SKIP_CHECKS="1")
    run = started(workflow, dataset, author, pair, CHUNKS)
    with redis.Redis.from_url(valkey.url) as broker:
        # Between two tasks it may have taken one off the queue without having noted that it
        # did; that task is lost with it, and only the run's own watch would queue it again.
        wait_for(run, lambda: run.chunks.count() >= 3 and broker.hlen("unacked") == 1, worker)
    worker.kill()
    reached = run.chunks.count()
    assert 3 <= reached < CHUNKS

    # By the time it has started, what the first had in hand is overdue.
    second = celery_worker_process(ROUTING_CONSOLE_VISIBILITY_TIMEOUT_S="1")
    wait_for(run, lambda: run.status == RunStatus.FINISHED, second)
    assert run.chunks.count() == CHUNKS
    assert run.result == undisturbed
