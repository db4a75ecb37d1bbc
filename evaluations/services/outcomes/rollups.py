"""Sum outcomes by hour and day. Only marked buckets are summed, each from all its outcomes and
summaries, so that late, repeated or concurrent runs end in the same rows.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from django.db import transaction
from django.db.models import BigIntegerField, Q
from django.utils import timezone

from evaluations.metrics import histogram
from evaluations.metrics.sums import COUNT_NAMES, Sums
from evaluations.models import DirtyBucket, Grain, Outcome, OutcomeRollup, OutcomeSummary
from policies.models import Environment, Workflow

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


def hour_of(moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(datetime.UTC).replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime.datetime) -> datetime.datetime:
    return hour_of(moment).replace(hour=0)


def mark(
    environment: Environment,
    grain: Grain,
    starts: Iterable[datetime.datetime],
    now: datetime.datetime,
) -> None:
    """Say that buckets must be summed again. Belongs in the transaction of what changed them.

    An existing mark is rewritten, not left alone: that locks its row, so a roll-up that is
    about to take the mark off waits until the change behind it can be seen.
    """
    DirtyBucket.objects.bulk_create(
        (
            DirtyBucket(environment=environment, grain=grain, start=start, marked_at=now)
            for start in sorted(starts)
        ),
        update_conflicts=True,
        unique_fields=["environment", "grain", "start"],
        update_fields=["marked_at"],
        batch_size=200,
    )


def roll_up(workflow: Workflow) -> int:
    """Sum every marked bucket of a workflow; how many there were."""
    return sum(_roll_up(environment) for environment in workflow.environments.all())


def roll_up_all() -> int:
    """Sum every marked bucket there is; how many there were."""
    environments = Environment.objects.filter(dirty_buckets__isnull=False).distinct()
    return sum(_roll_up(environment) for environment in environments)


def _roll_up(environment: Environment) -> int:
    marks = DirtyBucket.objects.filter(environment=environment)
    done = 0
    for day in _days(marks.filter(grain=Grain.HOUR)):
        done += _roll_up_hours(environment, day)
    for day in _days(marks.filter(grain=Grain.DAY)):
        done += _roll_up_day(environment, day)
    return done


def _days(marks: Iterable[DirtyBucket]) -> list[datetime.datetime]:
    return sorted({day_of(mark.start) for mark in marks})


# What is summed of an outcome; rows of these are several times cheaper than model instances.
_SUMMED = (
    "time",
    "release_digest",
    "class_key",
    "labelled_class",
    "model",
    "served_model",
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
# A sum that is larger than its column is kept as the largest that it holds: whatever routers tell,
# the other sums of its hour are to be had.
_LARGEST = BigIntegerField.MAX_BIGINT


class Keyed(Protocol):
    """Of whose sums there is a row: an outcome, or a summary."""

    class_key: str
    model: str
    served_model: str
    release_digest: str


class Key(NamedTuple):
    """What the outcomes of one roll-up row have in common."""

    start: datetime.datetime
    class_key: str
    model: str
    served_model: str
    release_digest: str


@transaction.atomic
def _roll_up_hours(environment: Environment, day: datetime.datetime) -> int:
    """Sum the marked hours of one day from what was reported of them, and mark the day."""
    hours = _take_marks(environment, Grain.HOUR, day, day + DAY)
    if not hours:
        return 0
    sums: dict[Key, Sums] = {}
    _add_outcomes(sums, environment, hours)
    _add_summaries(sums, environment, hours)
    _replace(environment, Grain.HOUR, hours, sums)
    mark(environment, Grain.DAY, [day], timezone.now())
    return len(hours)


def _add_outcomes(
    sums: dict[Key, Sums], environment: Environment, hours: set[datetime.datetime]
) -> None:
    """The outcomes of these hours; of those that summaries count, what was learnt later."""
    counted = Q(in_sums=False) | Q(late_quality=True) | Q(late_label=True)
    outcomes = Outcome.objects.filter(
        counted, environment=environment, time__gte=min(hours), time__lt=max(hours) + HOUR
    ).values_list(*_SUMMED, named=True)
    for outcome in outcomes.iterator(chunk_size=2000):
        hour = hour_of(outcome.time)
        if hour not in hours:
            continue
        part = sums.setdefault(_key(hour, outcome), Sums())
        if outcome.in_sums:
            part.add_late(outcome, quality=outcome.late_quality, label=outcome.late_label)
        else:
            part.add_outcome(outcome)


def _add_summaries(
    sums: dict[Key, Sums], environment: Environment, hours: set[datetime.datetime]
) -> None:
    summaries = OutcomeSummary.objects.filter(
        environment=environment, minute__gte=min(hours), minute__lt=max(hours) + HOUR
    )
    for summary in summaries.iterator(chunk_size=2000):
        hour = hour_of(summary.minute)
        if hour in hours:
            sums.setdefault(_key(hour, summary), Sums()).add_summary(summary)


def _key(hour: datetime.datetime, told: Keyed) -> Key:
    return Key(hour, told.class_key, told.model, told.served_model, told.release_digest)


@transaction.atomic
def _roll_up_day(environment: Environment, day: datetime.datetime) -> int:
    """Merge the hours of a day; whole numbers, so the same as summing its outcomes."""
    days = _take_marks(environment, Grain.DAY, day, day + HOUR)
    if not days:
        return 0
    sums: dict[Key, Sums] = {}
    rows = OutcomeRollup.objects.filter(
        environment=environment, grain=Grain.HOUR, start__gte=day, start__lt=day + DAY
    )
    for row in rows:
        key = Key(day, row.class_key, row.model, row.served_model, row.release_digest)
        sums.setdefault(key, Sums()).add_row(
            tuple(getattr(row, name) for name in COUNT_NAMES),
            row.latency_bins,
            row.labelled,
            class_key=row.class_key,
            served_model=row.served_model,
        )
    _replace(environment, Grain.DAY, days, sums)
    return len(days)


def _take_marks(
    environment: Environment, grain: Grain, start: datetime.datetime, end: datetime.datetime
) -> set[datetime.datetime]:
    """Take the marks off before reading: what changes from here on marks its bucket anew.

    Waits for transactions that are marking these buckets; a bucket whose marks another run has
    just taken is not returned.
    """
    marks = (
        DirtyBucket.objects.select_for_update()
        .filter(environment=environment, grain=grain, start__gte=start, start__lt=end)
        .order_by("start")
    )
    taken = {mark.pk: mark.start for mark in marks}
    DirtyBucket.objects.filter(pk__in=taken).delete()
    return set(taken.values())


def _replace(
    environment: Environment,
    grain: Grain,
    starts: set[datetime.datetime],
    sums: dict[Key, Sums],
) -> None:
    OutcomeRollup.objects.filter(environment=environment, grain=grain, start__in=starts).delete()
    OutcomeRollup.objects.bulk_create(_rows(environment, grain, sums), batch_size=500)


def _rows(environment: Environment, grain: Grain, sums: dict[Key, Sums]) -> Iterator[OutcomeRollup]:
    for key in sorted(sums):
        part = sums[key]
        yield OutcomeRollup(
            environment=environment,
            grain=grain,
            **key._asdict(),
            **{
                name: min(count, _LARGEST)
                for name, count in zip(COUNT_NAMES, part.counts, strict=True)
            },
            latency_bins=histogram.stored(part.latency),
            labelled=part.labelled_rows(),
        )
