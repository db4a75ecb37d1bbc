"""Routers of the cast's environment, which report through the desk and the service."""

from __future__ import annotations

import datetime
import math
from typing import Any

from policies.delivery.answers import KnownToken
from policies.delivery.status import StatusDesk
from policies.models import Release, RouterInstance, RouterToken
from policies.services.routers.fleet import keep_statuses
from tests.policies.fleet.reports import body

SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
SCOPES = frozenset({"read", "report"})


class Routers:
    """Routers that report with one token; `now` is the console's clock."""

    def __init__(self, token: RouterToken, now: datetime.datetime) -> None:
        self.now = now
        self._started: dict[str, datetime.datetime] = {}
        self.token = KnownToken(token.pk, token.environment_id, SCOPES, math.inf)
        self.desk = StatusDesk(keep_statuses, now=lambda: self.now)

    def share(self, instance: str, release: Release | None) -> None:
        """Two report under one id: one that has run for an hour and has no release, then another
        that started a minute ago and has this one; twice each."""
        for _ in range(2):
            for active, ran in ((None, 3600), (release, 60)):
                self.now += SECOND
                started = self.now - ran * SECOND
                self.say(instance, active, started_at=started.isoformat())

    def say(self, instance: str, release: Release | None, **members: Any) -> None:
        """One report, kept at once; by default the release was taken up just now."""
        active = release and {"number": release.number, "digest": release.bundle.digest}
        started = self._started.setdefault(instance, self.now - 24 * HOUR)
        said = {
            "active": active,
            "adopted_at": self.now.isoformat(),
            "started_at": started.isoformat(),
        } | members
        answer = self.desk.take(self.token, body(instance, self.now, **said))
        assert answer.status == 202, answer.body
        assert self.desk.hand_on()


class Process:
    """One start of a router, whose clock is off by `off`; it reports through one plane."""

    def __init__(
        self,
        plane: Routers,
        release: Release | None,
        started: datetime.datetime,
        off: datetime.timedelta = datetime.timedelta(0),
    ) -> None:
        self.plane, self.release, self.started, self.off = plane, release, started, off

    def says(self, at: datetime.datetime, **members: Any) -> None:
        self.plane.now = at
        told = {
            "clock": (at + self.off).isoformat(),
            "started_at": (self.started + self.off).isoformat(),
            "adopted_at": (at + self.off).isoformat(),
        }
        self.plane.say("node", self.release, **told | members)


def take_turns(*processes: Process, start: datetime.datetime, rounds: int = 3) -> datetime.datetime:
    """Each reports every 30 seconds, evenly spread; when the last one did."""
    step = 30 * SECOND / len(processes)
    for number in range(rounds * len(processes)):
        at = start + number * step
        processes[number % len(processes)].says(at)
    return at


def is_flagged() -> bool:
    """Whether two are known to report as "node"."""
    return RouterInstance.objects.get(instance_id="node").shared_since is not None
