"""Simulated routers of the demo: they took the release up, and two have something to look into.

They are never heard of again, so their next report is asked for in the far future.
"""

from __future__ import annotations

import datetime
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
from policies.models import Environment, Release
from policies.services.routers.fleet import keep_statuses
from policies.services.routers.watching import watch_fleets

TEN_YEARS_S = 10 * 365 * 86_400
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


def report(environment: Environment) -> None:
    """Let them run since before the release in force was published."""
    releases = Release.objects.filter(environment=environment).order_by("-number")
    newest = releases.select_related("bundle")[0]
    running = Running(newest.number, newest.bundle.digest)
    before = newest.published_at - 20 * SECOND
    waiting = [_heard(environment, router, None, before, before) for router in ROUTERS]
    keep_statuses(StatusBatch(tuple(waiting), ()))
    now = timezone.now()
    heard = [
        _heard(environment, router, running, newest.published_at + router.after_s * SECOND, now)
        for router in ROUTERS
    ]
    arrivals = [arrival_of(entry) for entry in heard]
    keep_statuses(StatusBatch(tuple(heard), tuple(found for found in arrivals if found)))
    watch_fleets(now)


def _heard(
    environment: Environment,
    router: Simulated,
    active: Running | None,
    adopted_at: datetime.datetime,
    at: datetime.datetime,
) -> Heard:
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
        adopted_at=adopted_at + off if active else None,
        last_success_at=at + off,
        errors=errors,
        clock=at + off,
        started_at=at - datetime.timedelta(days=3),
        has_ended=False,
    )
    return Heard(environment.pk, NO_TOKEN, told, at, TEN_YEARS_S)
