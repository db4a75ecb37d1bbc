"""Hours and days that are over rest after they were summed: many times as long as it took.

One late request has a whole hour summed again. Who reports of all hours that may be reported, again
and again, would keep a worker at the newest of them, and the others would never have their turn.
So an hour is summed at once when something late comes, and what comes while it rests with the next
time. A small hour rests for a minute, one that takes seconds for hours, none longer than six.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from contextlib import suppress

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from evaluations.models import Grain
from policies.models import Environment

Bucket = tuple[Grain, datetime.datetime]
# 90 days of them, each summed as often as it may be, take 45 % of one worker process, as long as
# none has to rest longer than the longest; a run has half of its time.
RESTS_FOR = 5000
# A stalled disk or a busy machine makes an hour look larger than it is.
LONGEST_REST_S = 6 * 3600.0
LENGTHS = {Grain.HOUR: datetime.timedelta(hours=1), Grain.DAY: datetime.timedelta(days=1)}
# Most of what is reported comes within it.
USUAL_DELAY = datetime.timedelta(hours=1)


def rest(environment: Environment, grain: Grain, start: datetime.datetime, took_s: float) -> None:
    """Let a bucket rest that was summed just now, which took so long, where it is over."""
    if start + LENGTHS[grain] + USUAL_DELAY < timezone.now():
        with suppress(RedisError):  # without the cache nothing rests
            cache.set(_key(environment, grain, start), True, rest_s(took_s))


def rest_s(took_s: float) -> float:
    """How long what took so long to sum rests, in s."""
    return min(took_s * RESTS_FOR, LONGEST_REST_S)


def resting(environment: Environment, buckets: Iterable[Bucket]) -> set[Bucket]:
    """Those of the buckets that rest."""
    keys = {_key(environment, *bucket): bucket for bucket in buckets}
    with suppress(RedisError):
        return {keys[key] for key in cache.get_many(keys)}
    return set()


def wake(environment: Environment, buckets: Iterable[Bucket]) -> None:
    """Have them summed in the next run, where they are marked."""
    with suppress(RedisError):
        cache.delete_many([_key(environment, *bucket) for bucket in buckets])


def _key(environment: Environment, grain: Grain, start: datetime.datetime) -> str:
    return f"rests:{environment.pk}:{grain}:{start:%Y%m%d%H}"
