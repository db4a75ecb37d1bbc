"""Buckets of very many kinds: summed one after the other, however the database sorts names."""

from __future__ import annotations

import datetime
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.db import connection

from evaluations.metrics import histogram
from evaluations.metrics.sums import COUNT_NAMES, Sums
from evaluations.models import Grain, Outcome, OutcomeRollup, OutcomeSummary
from evaluations.services.outcomes import kinds
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.rollups import roll_up
from policies.models import Environment
from tests.evaluations.outcome_cast import HOUR, NOW, event, minute_sums

pytestmark = pytest.mark.django_db
DAY = 24 * HOUR
BINS = range(500, 700)
# In the order of their code points.
MODELS = ("Swift", "Zebra", "emile", "swift", "swift large", "swift-large", "swift_large", "Émile")


@pytest.fixture(autouse=True)
def few_rows_at_once() -> Iterator[None]:
    with mock.patch.object(kinds, "ROWS_AT_ONCE", 5):
        yield


def peak_of_roll_up(environment: Environment, day: datetime.datetime, number: int) -> int:
    """Bytes of Python's memory that it takes to sum so many kinds, in three hours of a day."""
    latencies = {
        "requests": len(BINS),
        "latency_us": round(sum(map(histogram.middle, BINS))),
        "latency_bins": [number for index in BINS for number in (index, 1)],
    }
    told: list[object] = [
        minute_sums(
            f"{day}/{index}",
            minute=(day - index % 3 * HOUR).isoformat(),
            model=f"model-{index}",
            **latencies,
        )
        for index in range(number)
    ]
    assert ingest(environment, told, now=NOW).accepted == number
    tracemalloc.start()
    roll_up(environment.workflow)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    of_day = OutcomeRollup.objects.filter(grain=Grain.DAY, start__date=day.date())
    assert of_day.count() == number
    return peak


def test_roll_up__of_six_times_as_many_kinds__takes_less_than_twice_the_memory(
    staging: Environment,
) -> None:
    peak_of_roll_up(staging, NOW - 3 * DAY, 1)  # what is made once
    few = peak_of_roll_up(staging, NOW - 2 * DAY, 60)
    many = peak_of_roll_up(staging, NOW - DAY, 360)
    assert many < 2 * few


def sort_as_people_do() -> None:
    """Let the database take no account of case, as it would in most languages. SQLite's alone: the
    PostgreSQL of the tests knows no language.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for model in (Outcome, OutcomeSummary):
                table = f"ALTER TABLE {model._meta.db_table}"
                cursor.execute(f"{table} DROP COLUMN model")
                cursor.execute(f"{table} ADD COLUMN model text NOT NULL DEFAULT '' COLLATE NOCASE")


def test_roll_up__where_the_database_sorts_names_otherwise__equals_adding_in_any_order(
    staging: Environment,
) -> None:
    sort_as_people_do()
    told: list[Any] = []
    for number, model in enumerate(MODELS * 3):
        told.append(event(f"r-{number}", model=model, latency_ms=100 + number))
        told.append(minute_sums(f"s-{number}", model=model, served_model=model))
    random.Random(1).shuffle(told)
    ingest(staging, told, now=NOW)
    roll_up(staging.workflow)
    expected = added_up()
    for grain in Grain.values:
        rows = OutcomeRollup.objects.filter(grain=grain).order_by("pk")
        found = [
            (row.model, [getattr(row, name) for name in COUNT_NAMES], row.latency_bins)
            for row in rows
        ]
        assert found == expected


def added_up() -> list[tuple[str, list[int], list[int]]]:
    """Model, counts and latency bins of each kind, in the order of `MODELS`."""
    sums = {model: Sums() for model in MODELS}
    for outcome in Outcome.objects.order_by("?"):
        sums[outcome.model].add_outcome(outcome)
    for summary in OutcomeSummary.objects.order_by("?"):
        sums[summary.model].add_summary(summary)
    return [
        (model, list(part.counts), histogram.stored(part.latency)) for model, part in sums.items()
    ]
