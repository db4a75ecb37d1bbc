"""Roll-ups: summed once, summed late, summed again, always the same rows."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from typing import Any

import pytest

from evaluations.metrics.sums import COUNT_NAMES
from evaluations.models import DirtyBucket, Grain, Outcome, OutcomeRollup
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import hour_of, mark, roll_up, roll_up_all
from evaluations.tasks import roll_up_outcomes
from policies.models import Environment
from tests.evaluations.outcome_cast import HOUR, NOW, event, stream

pytestmark = pytest.mark.django_db
COLUMNS = (
    "environment_id", "grain", "start", "class_key", "model", "served_model", "release_digest",
    *COUNT_NAMES, "latency_bins", "labelled",
)  # fmt: skip


def rows(**filters: Any) -> list[tuple[Any, ...]]:
    found = OutcomeRollup.objects.filter(**filters).order_by(*COLUMNS[:7])
    return list(found.values_list(*COLUMNS))


def take(environment: Environment, events: Iterable[object]) -> None:
    ingest(environment, list(events), now=NOW)


def test_roll_up__of_one_outcome__makes_a_row_for_its_hour_and_its_day(
    staging: Environment,
) -> None:
    take(staging, [event()])
    assert roll_up(staging.workflow) == 2
    hour, day = OutcomeRollup.objects.order_by("-grain")
    assert (hour.grain, hour.start.hour, hour.requests) == (Grain.HOUR, 13, 1)
    assert (day.grain, day.start.hour, day.quality_nano) == (Grain.DAY, 0, 900_000_000)
    assert not DirtyBucket.objects.exists()


def test_roll_up__without_anything_new__touches_nothing(staging: Environment) -> None:
    take(staging, [event()])
    roll_up(staging.workflow)
    before = list(OutcomeRollup.objects.values_list("pk", flat=True))
    assert roll_up(staging.workflow) == 0
    assert list(OutcomeRollup.objects.values_list("pk", flat=True)) == before


def test_roll_up__of_late_events_out_of_order__equals_that_of_all_at_once(
    staging: Environment, production: Environment
) -> None:
    events = list(stream(300, NOW - 50 * HOUR, NOW))
    take(production, events)
    random.Random(3).shuffle(events)
    for start in range(0, 300, 60):
        take(staging, events[start : start + 60])
        roll_up(staging.workflow)
    by_environment = [
        [row[1:] for row in rows(environment=found)] for found in (staging, production)
    ]
    assert by_environment[0] == by_environment[1]
    assert by_environment[0]


def test_roll_up__of_the_same_hour_again__gives_identical_rows(staging: Environment) -> None:
    take(staging, stream(100, NOW - 5 * HOUR, NOW))
    roll_up(staging.workflow)
    before = rows()
    hours = OutcomeRollup.objects.filter(grain=Grain.HOUR).values_list("start", flat=True)
    mark(staging, Grain.HOUR, set(hours), NOW)
    roll_up(staging.workflow)
    assert rows() == before


def test_roll_up__of_a_day__equals_the_sum_of_its_outcomes(staging: Environment) -> None:
    take(staging, stream(200, NOW - 10 * HOUR, NOW - HOUR))
    roll_up(staging.workflow)
    days = OutcomeRollup.objects.filter(grain=Grain.DAY)
    known = Outcome.objects.exclude(cost_nusd=None)
    assert sum(row.requests for row in days) == 200
    assert sum(row.cost_nusd for row in days) == sum(row.cost_nusd or 0 for row in known)


def test_roll_up__just_before_and_on_the_hour__falls_into_two_hours(staging: Environment) -> None:
    take(
        staging,
        [
            event("a", time="2026-03-17T23:59:59.999999Z"),
            event("b", time="2026-03-18T01:00:00+01:00"),
        ],
    )
    roll_up(staging.workflow)
    starts = OutcomeRollup.objects.filter(grain=Grain.HOUR).values_list("start", flat=True)
    assert sorted(start.hour for start in starts) == [0, 23]
    assert OutcomeRollup.objects.filter(grain=Grain.DAY).count() == 2


def test_feedback__after_the_roll_up__is_summed_into_the_same_hour(staging: Environment) -> None:
    take(staging, [event("a", quality=None)])
    roll_up(staging.workflow)
    take_feedback(
        staging, [{"request_id": "a", "quality": 0.5, "labelled_class": "complex"}], now=NOW
    )
    roll_up(staging.workflow)
    for row in OutcomeRollup.objects.all():
        assert (row.requests, row.quality_known, row.quality_nano) == (1, 1, 500_000_000)
        assert row.labelled == [["complex", 1, 1_000_000]]


def test_task__sums_every_workflow_that_has_marks(
    staging: Environment, production: Environment
) -> None:
    take(staging, [event("a")])
    take(production, [event("b")])
    roll_up_outcomes()
    assert OutcomeRollup.objects.filter(grain=Grain.HOUR).count() == 2
    assert roll_up_all() == 0


def test_run__that_is_over__has_summed_the_newest_of_each_environment_and_leaves_the_rest_marked(
    staging: Environment, production: Environment
) -> None:
    take(staging, stream(200, NOW - 90 * 24 * HOUR, NOW))
    take(production, stream(20, NOW - 2 * HOUR, NOW))
    steps = iter([False] * 8)
    done = roll_up_all(lambda: next(steps, True))
    assert 0 < done <= 8
    for environment in (staging, production):
        newest = Outcome.objects.filter(environment=environment).latest("time").time
        assert rows(environment=environment, start=hour_of(newest))
    assert DirtyBucket.objects.filter(environment=staging).exists()
    roll_up_all()
    assert not DirtyBucket.objects.exists()
    assert sum(row.requests for row in OutcomeRollup.objects.filter(grain=Grain.DAY)) == 220


def test_outcome__of_another_environment__stays_out(
    staging: Environment, production: Environment
) -> None:
    take(staging, [event("a")])
    take(production, [event("a"), event("b")])
    roll_up(staging.workflow)
    found = OutcomeRollup.objects.filter(environment=staging, grain=Grain.HOUR)
    assert [row.requests for row in found] == [1]


def test_ingest__of_many__is_one_statement_each_step(
    staging: Environment, django_assert_num_queries: Any
) -> None:
    """Names of models that were tried besides those chosen, savepoint, insert, marks, release: a
    batch costs the same however large it is.
    """
    events = list(stream(500, NOW - 3 * HOUR, NOW - datetime.timedelta(minutes=1)))
    with django_assert_num_queries(5):
        take(staging, events)
