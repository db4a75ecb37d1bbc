"""Routers report and workers sum at the same time; nothing is lost, nothing counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Sum

from evaluations.models import DirtyBucket, Grain, Outcome, OutcomeRollup
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import roll_up
from policies.models import Environment
from tests.evaluations.outcome_cast import HOUR, NOW, stream

WRITERS, BATCHES, SIZE = 3, 6, 20


def in_threads(*works: Callable[[], object]) -> None:
    """Run each in a thread with a database connection of its own; re-raise what went wrong."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if failures:
        raise failures[0]


@pytest.mark.django_db(transaction=True)
def test_roll_up__while_routers_report_into_the_same_hours__sums_every_outcome(
    staging: Environment,
) -> None:
    done = threading.Event()
    written = threading.Barrier(WRITERS, action=done.set)

    def report(writer: int) -> None:
        for batch in range(BATCHES):
            prefix = f"{writer}-{batch}"
            ingest(staging, list(stream(SIZE, NOW - 3 * HOUR, NOW, prefix=prefix)), now=NOW)
            told = {"request_id": f"{prefix}-0", "quality": 0.5, "labelled_class": "complex"}
            take_feedback(staging, [told], now=NOW)
        written.wait(timeout=60)

    def add_up() -> None:
        while not done.is_set():
            roll_up(staging.workflow)

    writers = [lambda writer=writer: report(writer) for writer in range(WRITERS)]
    in_threads(*writers, add_up, add_up)
    roll_up(staging.workflow)
    assert not DirtyBucket.objects.exists()
    for grain in Grain.values:
        summed = OutcomeRollup.objects.filter(grain=grain).aggregate(
            requests=Sum("requests"), quality=Sum("quality_nano")
        )
        assert summed["requests"] == WRITERS * BATCHES * SIZE
        assert summed["quality"] == Outcome.objects.aggregate(q=Sum("quality_nano"))["q"]
