"""Keeps what routers report of themselves: the latest of each, and when releases reached them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, Q
from django.utils import timezone

from policies.delivery.instances import InstanceKey
from policies.delivery.status import MOST_INSTANCES, StatusBatch
from policies.fleet.report import Arrival, Heard, Running, corrected
from policies.fleet.sharing import (
    CLEARLY_BEFORE,
    MILLISECOND,
    Seen,
    began_ms,
    is_late_goodbye,
    is_strange_goodbye,
    seen,
)
from policies.fleet.standing import MISSED_REPORTS
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken


@transaction.atomic
def keep_statuses(batch: StatusBatch) -> None:
    """Write a batch of reports. Giving the same again, or an older one later, changes nothing.

    Rows are written in one order, so that two planes never wait for one another in a ring.
    """
    environments = {heard.environment_id for heard in batch.heard}
    environments |= {arrival.environment_id for arrival in batch.arrivals}
    known = set(Environment.objects.filter(pk__in=environments).values_list("pk", flat=True))
    before = _rows_before(batch)
    latest = _latest([entry for entry in batch.heard if entry.environment_id in known], before)
    shared = {key for key, row in before.items() if row.shared_since and key not in latest}
    shared |= {key for key, (_, process) in latest.items() if process.shared}
    _keep_arrivals([a for a in batch.arrivals if a.environment_id in known], before, shared)
    _keep_instances([latest[key] for key in sorted(latest)])
    noticed: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for environment, name in sorted(latest.keys() & before.keys() & shared):
        (_, process), row = latest[environment, name], before[environment, name]
        if process.shared and process.shared.since != row.shared_since:
            noticed[environment][name] = max(process.began_ms, row.seen.began_ms, 0)
    for environment, began in noticed.items():
        _take_back(environment, began)
    for environment in sorted({key[0] for key in latest}):
        _make_room(environment)


def _latest(
    heard: Iterable[Heard], before: Mapping[InstanceKey, RouterInstance]
) -> dict[InstanceKey, tuple[Heard, Seen]]:
    """The reports that are newer than what is known, with what they say of shared ids."""
    found = {}
    for entry in heard:
        key = (entry.environment_id, entry.report.instance_id)
        row = before.get(key)
        if row is None:
            found[key] = (entry, seen(None, entry))
        elif (
            not _is_older(row, entry)
            and not is_late_goodbye(row.seen, entry)
            and not is_strange_goodbye(row.seen, entry)
        ):
            found[key] = (entry, seen(row.seen, entry))
    return found


def _is_older(row: RouterInstance, heard: Heard) -> bool:
    """Whether a report was made before the one that is kept. By the console's clock alone one of a
    plane whose clock is ahead, or was, would hide all that come after it: the router's own, or
    which process started later, has to say so, too."""
    if heard.at >= row.last_seen_at:
        return False
    if heard.report.started_at == row.started_at:
        return heard.report.clock < row.clock
    return began_ms(heard.report.started_at, heard.skew, heard.at) < row.seen.began_ms


def _rows_before(batch: StatusBatch) -> dict[InstanceKey, RouterInstance]:
    """What is known of those in a batch, locked: two planes may have heard of one router."""
    keys = {(heard.environment_id, heard.report.instance_id) for heard in batch.heard}
    keys |= {(arrival.environment_id, arrival.instance_id) for arrival in batch.arrivals}
    environments, names = {key[0] for key in keys}, sorted({key[1] for key in keys})
    found: dict[InstanceKey, RouterInstance] = {}
    for start in range(0, len(names), 500):
        rows = RouterInstance.objects.filter(
            environment__in=environments, instance_id__in=names[start : start + 500]
        ).order_by("instance_id", "environment")
        rows = rows.select_for_update().defer("labels", "errors")
        found |= {(row.environment_id, row.instance_id): row for row in rows}
    return found


# --- Instances ---------------------------------------------------------------------------
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(entry.attname for entry in model._meta.concrete_fields if not entry.primary_key)


_INSTANCE = _columns(RouterInstance)
_KEPT_FROM_BEFORE = ("environment_id", "instance_id", "first_seen_at", "behind_since")
_TABLE = RouterInstance._meta.db_table
# Every name in these is the models' own, none a caller's.
_UPSERT = (
    f"INSERT INTO {_TABLE} ({', '.join(_INSTANCE)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(_INSTANCE))}) "
    "ON CONFLICT (environment_id, instance_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _INSTANCE if name not in _KEPT_FROM_BEFORE)
)


def _keep_instances(entries: Collection[tuple[Heard, Seen]]) -> None:
    found = RouterToken.objects.filter(pk__in={heard.token_id for heard, _ in entries})
    tokens = set(found.values_list("pk", flat=True))
    if entries:
        RouterToken.objects.note_reports(tokens, max(heard.at for heard, _ in entries))
    rows = [
        _adapted(RouterInstance, _INSTANCE, _instance_of(heard, process, tokens))
        for heard, process in entries
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, rows)


def _instance_of(heard: Heard, process: Seen, tokens: Collection[int]) -> dict[str, Any]:
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
        "started_before": process.started_before,
        "shared_since": process.shared and process.shared.since,
        "shared_until": process.shared and process.shared.until,
        "first_seen_at": heard.at,
        "last_seen_at": heard.at,
        "silent_after": heard.at + MISSED_REPORTS * datetime.timedelta(seconds=heard.interval_s),
        "has_ended": report.has_ended,
        "behind_since": None,
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
        longest_silent = rows.filter(token=token).order_by("last_seen_at", "pk")
        # Another plane may write them: it has more to let go than these then, the next time.
        longest_silent = longest_silent.select_for_update(skip_locked=True)[:excess]
        rows.filter(pk__in=list(longest_silent.values_list("pk", flat=True))).delete()


# --- Arrivals ----------------------------------------------------------------------------
_ARRIVAL = _columns(ReleaseArrival)
_INSERT = (
    f"INSERT INTO {ReleaseArrival._meta.db_table} ({', '.join(_ARRIVAL)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(_ARRIVAL))}) "
    "ON CONFLICT (release_id, instance_id) DO NOTHING"
)


def _keep_arrivals(
    arrivals: Collection[Arrival],
    before: Mapping[InstanceKey, RouterInstance],
    shared: Collection[InstanceKey],
) -> None:
    """Only of releases that were published there: what else a router runs is no arrival. Of two
    that share an instance_id nobody knows when both have it."""
    if not arrivals:
        return
    releases = _releases_of(arrivals)
    rows = {}
    for arrival in arrivals:
        key = (arrival.environment_id, arrival.instance_id)
        release = releases.get((arrival.environment_id, arrival.release))
        if release is None or key in shared:
            continue
        rows[release.pk, arrival.instance_id] = {
            "release_id": release.pk,
            "instance_id": arrival.instance_id,
            "at": max(arrival.at, release.published_at),
            "heard_at": arrival.heard_at,
            "was_waiting": key in before and _was_waiting(release, before[key]),
        }
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT, [_adapted(ReleaseArrival, _ARRIVAL, rows[key]) for key in sorted(rows)]
        )


def _was_waiting(release: Release, before: RouterInstance) -> bool:
    """Whether it ran when the release was published, by what was known before it arrived. Who had
    said that it ends waited for nothing."""
    return (
        not before.has_ended
        and before.first_seen_at <= release.published_at
        and before.silent_after >= release.published_at - gone_after()
    )


def _releases_of(arrivals: Collection[Arrival]) -> dict[tuple[int, Running], Release]:
    found = Release.objects.filter(
        environment__in={arrival.environment_id for arrival in arrivals},
        number__in={arrival.release.number for arrival in arrivals},
    ).select_related("bundle")
    found = found.only("environment", "number", "published_at", "bundle__digest")
    return {(row.environment_id, Running(row.number, row.bundle.digest)): row for row in found}


def _take_back(environment: int, began_ms: Mapping[str, int]) -> None:
    """Take back what counted by the word of instances since the second of two that share the id
    runs: until that was noticed, each spoke for both. Of several noticed at once by the earliest,
    so that whoever invents thousands holds up nobody."""
    began = datetime.datetime.fromtimestamp(min(began_ms.values()) / 1000, datetime.UTC)
    since, names = began - CLEARLY_BEFORE, sorted(began_ms)
    for start in range(0, len(names), 500):
        of_some = names[start : start + 500]
        arrivals = ReleaseArrival.objects.filter(instance_id__in=of_some, heard_at__gte=since)
        arrivals.filter(release__environment=environment).delete()
    releases = Release.objects.active().filter(environment=environment)
    releases.filter(delivered_at__gte=since).update(delivered_at=None)


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
