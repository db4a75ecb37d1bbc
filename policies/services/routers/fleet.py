"""Keeps what routers report of themselves: the latest of each, and when releases reached them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, Q
from django.utils import timezone

from policies.delivery.status import MOST_INSTANCES, StatusBatch
from policies.fleet.report import Arrival, Heard, Running, corrected
from policies.fleet.standing import MISSED_REPORTS
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken

MILLISECOND = datetime.timedelta(milliseconds=1)


@transaction.atomic
def keep_statuses(batch: StatusBatch) -> None:
    """Write a batch of reports. Giving the same again, or an older one later, changes nothing.

    Rows are written in one order, so that two planes never wait for one another in a ring.
    """
    environments = {heard.environment_id for heard in batch.heard}
    environments |= {arrival.environment_id for arrival in batch.arrivals}
    known = set(Environment.objects.filter(pk__in=environments).values_list("pk", flat=True))
    heard = sorted(
        (entry for entry in batch.heard if entry.environment_id in known),
        key=lambda entry: (entry.environment_id, entry.report.instance_id),
    )
    _keep_arrivals([entry for entry in batch.arrivals if entry.environment_id in known])
    tokens = RouterToken.objects.filter(pk__in={entry.token_id for entry in heard})
    _keep_instances(heard, set(tokens.values_list("pk", flat=True)))
    for environment in sorted({entry.environment_id for entry in heard}):
        _make_room(environment)


# --- Instances ---------------------------------------------------------------------------
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(entry.attname for entry in model._meta.concrete_fields if not entry.primary_key)


_INSTANCE = _columns(RouterInstance)
_KEPT_FROM_BEFORE = ("environment_id", "instance_id", "first_seen_at")
_TABLE = RouterInstance._meta.db_table
# Every name in these is the models' own, none a caller's.
_UPSERT = (
    f"INSERT INTO {_TABLE} ({', '.join(_INSTANCE)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(_INSTANCE))}) "
    "ON CONFLICT (environment_id, instance_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _INSTANCE if name not in _KEPT_FROM_BEFORE)
    # Two planes may have heard of one router: the later report stays.
    + f" WHERE excluded.last_seen_at >= {_TABLE}.last_seen_at"
)


def _keep_instances(heard: Iterable[Heard], tokens: Collection[int]) -> None:
    rows = [_adapted(RouterInstance, _INSTANCE, _instance_of(entry, tokens)) for entry in heard]
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, rows)


def _instance_of(heard: Heard, tokens: Collection[int]) -> dict[str, Any]:
    report = heard.report
    times = [corrected(error.at, heard.skew, otherwise=heard.at) for error in report.errors]
    return {
        "environment_id": heard.environment_id,
        "token_id": heard.token_id if heard.token_id in tokens else None,
        "instance_id": report.instance_id,
        "region": report.labels.get("region", ""),
        "labels": report.labels,
        "client_name": report.client_name,
        "client_version": report.client_version,
        **_named("active", report.active),
        **_named("pending", report.pending),
        "source": report.source or "",
        "last_success_at": report.last_success_at,
        "errors": [
            {
                "kind": error.kind,
                "message": error.message,
                "at": error.at.isoformat(),
                "count": error.count,
            }
            for error in report.errors
        ],
        "last_error_at": max((min(time, heard.at) for time in times), default=None),
        "skew_ms": heard.skew // MILLISECOND,
        "started_at": report.started_at,
        "first_seen_at": heard.at,
        "last_seen_at": heard.at,
        "silent_after": heard.at + MISSED_REPORTS * datetime.timedelta(seconds=heard.interval_s),
        "has_ended": report.has_ended,
    }


def _named(kind: str, release: Running | None) -> dict[str, Any]:
    if release is None:
        return {f"{kind}_number": None, f"{kind}_digest": ""}
    return {f"{kind}_number": release.number, f"{kind}_digest": release.digest}


def _adapted(
    model: type[models.Model], columns: Iterable[str], values: dict[str, Any]
) -> tuple[Any, ...]:
    """Values in the order of the columns, as the database's own adapter wants them."""
    adapters: dict[type, Callable[[Any], Any]] = {
        models.DateTimeField: connection.ops.adapt_datetimefield_value,
        models.JSONField: lambda value: connection.ops.adapt_json_value(value, None),
    }
    fields = {entry.attname: entry for entry in model._meta.concrete_fields}
    return tuple(
        adapters[kind](values[name])
        if (kind := type(fields[name])) in adapters and values[name] is not None
        else values[name]
        for name in columns
    )


def _make_room(environment: int) -> None:
    """Of more instances than an environment may have, those silent longest are let go, of the
    token that came with most: two planes may have taken in more than either."""
    rows = RouterInstance.objects.filter(environment=environment)
    excess = rows.count() - MOST_INSTANCES
    if excess > 0:
        by_token = rows.order_by().values_list("token").annotate(Count("pk"))
        token, _ = max(by_token, key=lambda counted: counted[1])
        longest_silent = rows.filter(token=token).order_by("last_seen_at", "pk")[:excess]
        rows.filter(pk__in=list(longest_silent.values_list("pk", flat=True))).delete()


# --- Arrivals ----------------------------------------------------------------------------
_ARRIVAL = _columns(ReleaseArrival)
_INSERT = (
    f"INSERT INTO {ReleaseArrival._meta.db_table} ({', '.join(_ARRIVAL)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(_ARRIVAL))}) "
    "ON CONFLICT (release_id, instance_id) DO NOTHING"
)


def _keep_arrivals(arrivals: Collection[Arrival]) -> None:
    """Only of releases that were published there: what else a router runs is no arrival."""
    if not arrivals:
        return
    releases = _releases_of(arrivals)
    seen = _seen_before(arrivals)
    rows = {}
    for arrival in arrivals:
        release = releases.get((arrival.environment_id, arrival.release))
        if release is None:
            continue
        was_seen = seen.get((arrival.environment_id, arrival.instance_id))
        rows[release.pk, arrival.instance_id] = {
            "release_id": release.pk,
            "instance_id": arrival.instance_id,
            "at": max(arrival.at, release.published_at),
            "heard_at": arrival.heard_at,
            "was_waiting": was_seen is not None and _was_waiting(release, *was_seen),
        }
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT, [_adapted(ReleaseArrival, _ARRIVAL, rows[key]) for key in sorted(rows)]
        )


def _was_waiting(
    release: Release, first_seen: datetime.datetime, silent_after: datetime.datetime
) -> bool:
    """Whether it ran when the release was published, by what was known before it arrived."""
    return (
        first_seen <= release.published_at and silent_after >= release.published_at - gone_after()
    )


def _releases_of(arrivals: Collection[Arrival]) -> dict[tuple[int, Running], Release]:
    found = Release.objects.filter(
        environment__in={arrival.environment_id for arrival in arrivals},
        number__in={arrival.release.number for arrival in arrivals},
    ).select_related("bundle")
    found = found.only("environment", "number", "published_at", "bundle__digest")
    return {(row.environment_id, Running(row.number, row.bundle.digest)): row for row in found}


def _seen_before(
    arrivals: Collection[Arrival],
) -> dict[tuple[int, str], tuple[datetime.datetime, datetime.datetime]]:
    """When those who arrive were heard from first, and since when they would have been silent.
    Who had said that it ends waited for nothing."""
    names = sorted({arrival.instance_id for arrival in arrivals})
    found = {}
    for start in range(0, len(names), 500):
        rows = RouterInstance.objects.filter(
            environment__in={arrival.environment_id for arrival in arrivals},
            instance_id__in=names[start : start + 500],
            has_ended=False,
        )
        for environment, name, first, silent in rows.values_list(
            "environment_id", "instance_id", "first_seen_at", "silent_after"
        ):
            found[environment, name] = (first, silent)
    return found


# --- Letting go --------------------------------------------------------------------------
def gone_after() -> datetime.timedelta:
    """A router silent for so long without a goodbye counts no more. Whoever is cut off for a
    while must not drop out, or a release would count as delivered that it never got."""
    return datetime.timedelta(seconds=settings.ROUTER_GONE_AFTER_S)


def forget_gone(now: datetime.datetime | None = None) -> int:
    """Drop routers that were silent for long, and arrivals as old that nobody looks at; returns
    how many rows."""
    before = (now or timezone.now()) - datetime.timedelta(days=settings.ROUTER_KEPT_DAYS)
    instances, _ = RouterInstance.objects.filter(silent_after__lt=before).delete()
    # Those that waited for a release tell how it spread, as long as it is in force.
    over = Q(release__retired_at__lt=before) | Q(was_waiting=False, at__lt=before)
    arrivals, _ = ReleaseArrival.objects.filter(over).delete()
    return instances + arrivals
