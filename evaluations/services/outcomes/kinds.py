"""The sums of each kind of a bucket, one kind after another.

Rows are read in the order of their kinds, so that never more than one kind's sums and some rows are
in memory, however many kinds routers tell of. Whole numbers: the order changes nothing.
"""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Collate

from evaluations.metrics.sums import COUNT_NAMES, Attempted, Sums
from evaluations.models import Grain, Outcome, OutcomeRollup, OutcomeSummary
from policies.models import Environment

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
# Rows are large where each has its own histogram.
ROWS_AT_ONCE = 500
# What two queries sorted is merged here, so a database sorts texts as Python does: by code points.
_BY_CODE_POINT = {"postgresql": "C", "sqlite": "BINARY"}


class Kind(NamedTuple):
    """What all that is summed into one roll-up row of a bucket has in common."""

    class_key: str
    model: str
    served_model: str
    release_digest: str


SumsOfKind = tuple[Kind, Sums]


class Kinded(Protocol):
    """What is of a kind: an outcome, a summary, or a roll-up row."""

    class_key: str
    model: str
    served_model: str
    release_digest: str


class SummedOutcome(Attempted, Kinded, Protocol):
    """What is summed of an outcome."""

    in_sums: bool
    late_quality: bool
    late_label: bool


Row = TypeVar("Row", bound=Kinded)

# Rows of these are several times cheaper than model instances.
_OF_OUTCOME = (
    *Kind._fields,
    "labelled_class",
    "attempts",
    "latency_us",
    "input_tokens",
    "output_tokens",
    "cost_nusd",
    "quality_nano",
    "in_sums",
    "late_quality",
    "late_label",
)


def sums_of_hour(environment: Environment, hour: datetime.datetime) -> Iterator[SumsOfKind]:
    """What was reported of an hour, by kind, in their order."""
    return _merged(_of_outcomes(environment, hour), _of_summaries(environment, hour))


def sums_of_day(environment: Environment, day: datetime.datetime) -> Iterator[SumsOfKind]:
    """The hours of a day merged, by kind, in their order; the same as summing its outcomes."""
    rows = OutcomeRollup.objects.filter(
        environment=environment, grain=Grain.HOUR, start__gte=day, start__lt=day + DAY
    )
    return _folded(_by_kind(rows), _fold_hour)


def _of_outcomes(environment: Environment, hour: datetime.datetime) -> Iterator[SumsOfKind]:
    """The outcomes of an hour; of those that summaries count, what was learnt later."""
    counted = Q(in_sums=False) | Q(late_quality=True) | Q(late_label=True)
    rows = Outcome.objects.filter(
        counted, environment=environment, time__gte=hour, time__lt=hour + HOUR
    )
    return _folded(_by_kind(rows.values_list(*_OF_OUTCOME, named=True)), _fold_outcome)


def _of_summaries(environment: Environment, hour: datetime.datetime) -> Iterator[SumsOfKind]:
    rows = OutcomeSummary.objects.filter(
        environment=environment, minute__gte=hour, minute__lt=hour + HOUR
    )
    return _folded(_by_kind(rows), Sums.add_summary)


def _by_kind(rows: QuerySet[Any, Any]) -> Iterator[Any]:
    """Rows in the order of their kinds, some at a time; the database sorts them on its disk."""
    collation = _BY_CODE_POINT[connection.vendor]
    ordered = rows.order_by(*(Collate(name, collation) for name in Kind._fields))
    return ordered.iterator(chunk_size=ROWS_AT_ONCE)


def _folded(rows: Iterable[Row], fold: Callable[[Sums, Row], None]) -> Iterator[SumsOfKind]:
    """The sums of each kind, of rows in the order of their kinds."""
    for kind, alike in groupby(rows, _kind_of):
        sums = Sums()
        for row in alike:
            fold(sums, row)
        yield kind, sums


def _merged(*parts: Iterable[SumsOfKind]) -> Iterator[SumsOfKind]:
    """Sums from several places, each in the order of kinds, as those of one."""
    kind_of = itemgetter(0)
    for kind, alike in groupby(heapq.merge(*parts, key=kind_of), kind_of):
        total = Sums()
        for _, sums in alike:
            total.add(sums)
        yield kind, total


def _kind_of(row: Kinded) -> Kind:
    return Kind(row.class_key, row.model, row.served_model, row.release_digest)


def _fold_outcome(sums: Sums, outcome: SummedOutcome) -> None:
    if outcome.in_sums:
        sums.add_late(outcome, quality=outcome.late_quality, label=outcome.late_label)
    else:
        sums.add_outcome(outcome)


def _fold_hour(sums: Sums, row: OutcomeRollup) -> None:
    sums.add_row(
        tuple(getattr(row, name) for name in COUNT_NAMES),
        row.latency_bins,
        row.labelled,
        class_key=row.class_key,
        served_model=row.served_model,
    )
