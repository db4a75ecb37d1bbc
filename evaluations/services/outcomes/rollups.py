"""Sum outcomes by hour and day. Only marked buckets are summed, each from all its outcomes and
summaries, so that late, repeated or concurrent runs end in the same rows.

Each bucket is a transaction of its own: what is done stays done when a worker is stopped, and
whoever reports into an hour waits for no other to be summed.
"""

from __future__ import annotations

import datetime
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import BigIntegerField
from django.utils import timezone

from evaluations.metrics import histogram
from evaluations.metrics.sums import COUNT_NAMES
from evaluations.models import DirtyBucket, Grain, OutcomeRollup
from evaluations.services.outcomes import kinds
from evaluations.services.outcomes.kinds import SumsOfKind
from evaluations.services.outcomes.resting import Bucket, rest, resting
from policies.models import Environment, Workflow

# A sum that is larger than its column is kept as the largest that it holds: whatever routers tell,
# the other sums of its hour are to be had.
_LARGEST = BigIntegerField.MAX_BIGINT


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
    return _in_turn(workflow.environments.all())


def roll_up_all(is_over: Callable[[], bool] = lambda: False, *, rests: bool = False) -> int:
    """Sum the marked buckets there are, until `is_over`; how many were summed.

    What is left stays marked, and what `rests` of before. Environments take turns, each with its
    newest first: whoever reports into many old hours delays nobody else's figures, nor those of
    the current hour.
    """
    marked = Environment.objects.filter(dirty_buckets__isnull=False).distinct()
    return _in_turn(marked, is_over, rests=rests)


def _in_turn(
    environments: Iterable[Environment],
    is_over: Callable[[], bool] = lambda: False,
    *,
    rests: bool = False,
) -> int:
    done = 0
    turns = deque(_summed_one_by_one(environment, rests=rests) for environment in environments)
    while turns and not is_over():
        turn = turns.popleft()
        was_marked = next(turn, None)
        if was_marked is not None:
            done += was_marked
            turns.append(turn)
    return done


def _summed_one_by_one(environment: Environment, *, rests: bool) -> Iterator[bool]:
    """Sums a bucket with each step; False where another run has summed it meanwhile."""
    marks = DirtyBucket.objects.filter(environment=environment)
    hours: dict[datetime.datetime, list[datetime.datetime]] = {}
    for grain, start in marks.order_by("-start").values_list("grain", "start"):
        of_day = hours.setdefault(day_of(start), [])
        if grain == Grain.HOUR:
            of_day.append(start)
    order: list[Bucket] = []
    for day, of_day in hours.items():  # a day after its hours, which mark it
        order += [*((Grain.HOUR, hour) for hour in of_day), (Grain.DAY, day)]
    passed_over = resting(environment, order) if rests else set()
    for grain, start in order:
        if (grain, start) not in passed_over:
            yield _sum_up(environment, grain, start, rests=rests)


@transaction.atomic
def _sum_up(
    environment: Environment, grain: Grain, start: datetime.datetime, *, rests: bool
) -> bool:
    """Sum a marked bucket; False if another run has. It rests before what it was summed from may
    change, so that whoever changes it can wake it; waits for others' locks make no rest longer."""
    if not _take_mark(environment, grain, start):
        return False
    began = time.perf_counter()
    _replace(environment, grain, start, _SUMS[grain](environment, start))
    took_s = time.perf_counter() - began
    if rests:
        rest(environment, grain, start, took_s)
    if grain == Grain.HOUR:
        mark(environment, Grain.DAY, [day_of(start)], timezone.now())
    return True


# An hour is summed from what was reported of it, a day from its hours.
_SUMS = {Grain.HOUR: kinds.sums_of_hour, Grain.DAY: kinds.sums_of_day}


def _take_mark(environment: Environment, grain: Grain, start: datetime.datetime) -> bool:
    """Take a mark off before reading: what changes from here on marks the bucket anew.

    Waits for transactions that are marking it; False if another run has just taken the mark.
    """
    marks = DirtyBucket.objects.filter(environment=environment, grain=grain, start=start)
    taken, _ = marks.delete()
    return bool(taken)


def _replace(
    environment: Environment, grain: Grain, start: datetime.datetime, sums: Iterable[SumsOfKind]
) -> None:
    """Write the rows of a bucket while their sums are being read."""
    OutcomeRollup.objects.filter(environment=environment, grain=grain, start=start).delete()
    rows = _rows(environment, grain, start, sums)
    while batch := list(islice(rows, kinds.ROWS_AT_ONCE)):
        OutcomeRollup.objects.bulk_create(batch)


def _rows(
    environment: Environment, grain: Grain, start: datetime.datetime, sums: Iterable[SumsOfKind]
) -> Iterator[OutcomeRollup]:
    for kind, part in sums:
        counts = zip(COUNT_NAMES, part.counts, strict=True)
        yield OutcomeRollup(
            environment=environment,
            grain=grain,
            start=start,
            **kind._asdict(),
            **{name: min(count, _LARGEST) for name, count in counts},
            latency_bins=histogram.stored(part.latency),
            labelled=part.labelled_rows(),
        )
