"""Celery entries; what they do is in `evaluations.services`."""

import logging
import time
from collections.abc import Callable

from celery import shared_task
from django.db import Error as DatabaseError

from evaluations.demo import fleet
from evaluations.services.impact import checking
from evaluations.services.outcomes import rollups
from evaluations.services.runs import evidence, planned, running

logger = logging.getLogger(__name__)

# It is queued each minute, and other tasks are to have their turn.
ROLL_UP_S = 30


@shared_task(name="evaluations.begin_run")
def begin_run(run_id: int) -> None:
    """Queue every chunk that is not there yet."""
    missing = running.begin(run_id)
    for index in missing:
        compute_chunk.delay(run_id, index)
    if not missing:
        finish_run.delay(run_id)


@shared_task(name="evaluations.compute_chunk")
def compute_chunk(run_id: int, index: int) -> None:
    """One chunk; whoever stores the last one finishes the run."""
    _guarded(run_id, lambda: running.compute_chunk(run_id, index))


@shared_task(name="evaluations.finish_run")
def finish_run(run_id: int) -> None:
    """Reduce a run whose chunks are all there."""
    _guarded(run_id, lambda: running.finish(run_id))


@shared_task(name="evaluations.resume_stalled_runs")
def resume_stalled_runs() -> None:
    """Queue again what a dead worker, broker or web process left behind."""
    for run_id in running.stalled_runs():
        begin_run.delay(run_id)


@shared_task(name="evaluations.roll_up_outcomes")
def roll_up_outcomes() -> None:
    """Sum hours and days whose outcomes changed; the next run goes on with what is left."""
    until = time.monotonic() + ROLL_UP_S
    rollups.roll_up_all(lambda: time.monotonic() > until, rests=True)


@shared_task(name="evaluations.let_demo_routers_report")
def let_demo_routers_report() -> None:
    """The demo's simulated routers go over to what was published; without a demo there are none."""
    fleet.follow()


@shared_task(name="evaluations.measure_change_impact")
def measure_change_impact(change_id: int) -> None:
    """What the content of a change request would do to recorded requests."""
    checking.record_impact(change_id)


@shared_task(name="evaluations.judge_change")
def judge_change(change_id: int) -> None:
    """What runs on the evidence plan have shown already of what a change request means."""
    evidence.judge_change(change_id)


@shared_task(name="evaluations.evaluate_submitted")
def evaluate_submitted(change_id: int, user_id: int) -> None:
    """Open the sealed share of what the evidence plan requires, as the one who submitted it."""
    planned.evaluate_submitted(change_id, user_id)


@shared_task(name="evaluations.judge_changes")
def judge_changes() -> None:
    """The same for all that was lost."""
    for change_id in evidence.changes_to_judge():
        judge_change.delay(change_id)


@shared_task(name="evaluations.measure_missing_impacts")
def measure_missing_impacts() -> None:
    """Queue what was lost, or is to be measured on another dataset now."""
    for change_id in checking.changes_to_measure():
        measure_change_impact.delay(change_id)


def _guarded(run_id: int, step: Callable[[], None]) -> None:
    """Run a step; what would go wrong every time ends the run, a database's trouble does not."""
    try:
        step()
    except DatabaseError:
        raise  # the run stays as it is, and is resumed when the database is back
    except Exception as error:
        logger.exception("Evaluation %s cannot go on.", run_id)
        running.fail(run_id, f"{type(error).__name__}: {error}")
