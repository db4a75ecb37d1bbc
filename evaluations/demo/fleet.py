"""Simulated routers of the demo: each release in force reaches them, and two have something to
look into."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from policies.delivery.status import StatusBatch
from policies.fleet.report import (
    Heard,
    ReportedError,
    Running,
    Source,
    StatusReport,
    arrival_of,
)
from policies.models import Environment, Release, RouterInstance
from policies.services.routers.fleet import keep_statuses
from policies.services.routers.watching import watch_fleets

# They report whenever the scheduler lets them; one that is busy for a while makes none silent.
INTERVAL_S = 600
NO_TOKEN = 0
SECOND = datetime.timedelta(seconds=1)
CLIENT = "routing-console-client"
# The fleet page marks routers that report this label.
SIMULATED = "simulated"


@dataclass(frozen=True)
class Simulated:
    """`after_s`: how long after publication it had the release."""

    name: str
    region: str
    version: str
    after_s: float
    clock_off_s: float = 0
    error: str = ""


ROUTERS = (
    Simulated("frankfurt-1", "eu", "0.1.0", 0.3),
    Simulated("frankfurt-2", "eu", "0.1.0", 0.4),
    Simulated("frankfurt-3", "eu", "0.1.0", 0.9),
    Simulated("dublin-1", "eu", "0.1.0", 1.4, clock_off_s=190),
    Simulated("ashburn-1", "us", "0.1.0", 0.6),
    Simulated("ashburn-2", "us", "0.1.0", 2.2, error="No space left on device"),
    Simulated("oregon-1", "us", "0.0.9", 24),
)
BY_NAME = {router.name: router for router in ROUTERS}


def begin(environment: Environment) -> None:
    """Let them run since before the release in force was published."""
    release = Release.objects.active().get(environment=environment)
    before = release.published_at - 20 * SECOND
    started = before - datetime.timedelta(days=3)
    _keep(
        _heard(environment.pk, router, None, None, before, started + router.clock_off_s * SECOND)
        for router in ROUTERS
    )
    now = timezone.now()
    follow(now)
    watch_fleets(now)


def follow(now: datetime.datetime | None = None) -> None:
    """Let those that there are report: who had the time for it has the release in force."""
    now = now or timezone.now()
    rows = list(
        RouterInstance.objects.filter(
            environment__workflow__is_simulated=True,
            token=None,
            instance_id__in=BY_NAME,
            **{f"labels__{SIMULATED}": "yes"},
        )
    )
    if not rows:
        return  # as in every installation without a demo
    releases = Release.objects.active().filter(environment__in={row.environment_id for row in rows})
    in_force = {release.environment_id: release for release in releases.select_related("bundle")}
    _keep(_now_at(row, in_force.get(row.environment_id), now) for row in rows)


def _now_at(row: RouterInstance, release: Release | None, now: datetime.datetime) -> Heard:
    router = BY_NAME[row.instance_id]
    active, adopted_at = None, None
    if row.active_number is not None:
        active = Running(row.active_number, row.active_digest)
    if release is not None and now >= release.published_at + router.after_s * SECOND:
        active = Running(release.number, release.bundle.digest)
        adopted_at = release.published_at + router.after_s * SECOND
    return _heard(row.environment_id, router, active, adopted_at, now, row.started_at)


def _keep(reports: Iterable[Heard]) -> None:
    heard = tuple(reports)
    arrivals = (arrival_of(entry) for entry in heard if entry.report.adopted_at is not None)
    keep_statuses(StatusBatch(heard, tuple(found for found in arrivals if found)))


def _heard(
    environment_id: int,
    router: Simulated,
    active: Running | None,
    adopted_at: datetime.datetime | None,
    at: datetime.datetime,
    started_at: datetime.datetime,
) -> Heard:
    """A report at `at`; `started_at` is by the router's own clock, the others by ours."""
    off = router.clock_off_s * SECOND
    errors = (ReportedError("disk", router.error, at + off, 3),) if router.error else ()
    told = StatusReport(
        instance_id=router.name,
        labels={"region": router.region, SIMULATED: "yes"},
        client_name=CLIENT,
        client_version=router.version,
        active=active,
        pending=None,
        source=Source.NETWORK if active else None,
        adopted_at=adopted_at + off if adopted_at else None,
        last_success_at=at + off,
        errors=errors,
        clock=at + off,
        started_at=started_at,
        has_ended=False,
    )
    return Heard(environment_id, NO_TOKEN, told, at, INTERVAL_S)
