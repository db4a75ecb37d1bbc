"""Who runs what: how far releases have come, and what is the matter with which routers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from policies.fleet.convergence import Convergence, convergence
from policies.fleet.standing import Standing
from policies.fleet.wording import Spread
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken
from policies.models.fleet import RouterInstanceQuerySet, is_live, is_off, is_on, standings
from policies.services.routers import fetching
from policies.services.routers.fleet import gone_after

# Routers take a release up within seconds. Where some do not, nobody has to watch the page for it.
LOOKED_AT_FOR = datetime.timedelta(minutes=2)


@dataclass(frozen=True)
class Fleet:
    """The routers of an environment, as of `now`: how many of each standing.

    `routers` counts those that may run: also silent ones, until they were so for long. The others
    are `gone` and count nowhere else. `drifting` are those that report, and run something else than
    the release in force. `spread` is None where nothing is in force.
    """

    environment: Environment
    in_force: Release | None
    now: datetime.datetime
    routers: int
    gone: int
    counts: Mapping[Standing, int]
    drifting: int
    spread: Spread | None

    @property
    def is_delivered(self) -> bool:
        """Whether the environment's share of its routers has the release in force.

        A silent router has what it last said that it has: silence confirms nothing. One that
        reports says nothing of others that only fetch: those got it, too.
        """
        needed = self.environment.delivered_share * self.routers / 100
        if self.in_force is None or not self.routers or self.counts[Standing.CURRENT] < needed:
            return False
        return not fetching.has_untold(self.in_force, self.now)


def live(environment: int, now: datetime.datetime) -> RouterInstanceQuerySet:
    """Its routers that neither said that they end nor were silent for long."""
    rows = RouterInstance.objects.filter(environment=environment)
    return rows.live(now, gone_after())


def in_force(environment: Environment) -> Release | None:
    rows = Release.objects.active().filter(environment=environment).select_related("bundle")
    return rows.defer("body", "signature", "bundle__content").first()


def fleet_of(environment: Environment, now: datetime.datetime | None = None) -> Fleet:
    """Three queries, however many routers there are."""
    now = now or timezone.now()
    release = in_force(environment)
    lately = is_live(now, gone_after())
    asked = {
        standing.value: Count("pk", filter=lately & which)
        for standing, which in standings(environment.pk, release, now).items()
    }
    if release is not None:
        asked["drifting"] = Count("pk", filter=lately & is_off(release, now))
    found = RouterInstance.objects.filter(environment=environment).aggregate(
        routers=Count("pk", filter=lately), gone=Count("pk", filter=~lately), **asked
    )
    return Fleet(
        environment,
        in_force=release,
        now=now,
        routers=found["routers"],
        gone=found["gone"],
        counts={standing: found[standing.value] for standing in Standing},
        drifting=found.get("drifting", 0),
        spread=spread_of(release, now) if release is not None else None,
    )


# --- How far a release in force has come --------------------------------------------------
def is_spreading(release: Release, now: datetime.datetime | None = None) -> bool:
    """Whether a page that says how far it has come goes on looking by itself."""
    if not release.is_active or release.delivered_at is not None:
        return False
    return release.published_at > (now or timezone.now()) - LOOKED_AT_FOR


def spread_of(release: Release, now: datetime.datetime | None = None) -> Spread:
    """How far a release has come that is in force. One query."""
    now = now or timezone.now()
    routers = live(release.environment_id, now)
    unheard = routers.filter(silent_after__lt=now).exclude(is_on(release)).order_by()
    tokens = RouterToken.objects.usable(now).filter(environment=release.environment_id)
    others = fetching.unreported(release, now)
    told = fetching.has_it(release, now)
    arrivals = ReleaseArrival.objects.filter(release=release.pk).order_by()
    shared = routers.filter(shared_since__isnull=False)
    found = (
        Release.objects.filter(pk=release.pk)
        .values(
            have=_count(routers.filter(is_on(release))),
            known=_count(routers),
            last=Subquery(arrivals.values("release").annotate(last=Max("at")).values("last")),
            unheard=_count(unheard),
            unheard_since=Subquery(
                unheard.values("environment").annotate(last=Max("last_seen_at")).values("last")
            ),
            told=_count(tokens.filter(told)),
            tokens=_count(tokens),
            others_told=_count(others.usable(now).filter(told)),
            others=_count(others.usable(now)),
            others_ended=_count(others.filter(~told).ended(now - gone_after(), now)),
            shared=_count(shared),
            shared_id=Subquery(
                shared.order_by()
                .values("environment")
                .annotate(one=Min("instance_id"))
                .values("one")
            ),
        )
        .get()
    )
    # What reports itself is counted as routers; of the rest, tokens that fetch at all.
    told_of, of = found["told"], found["tokens"]
    if found["known"]:
        told_of, of = found["others_told"], found["others"]
    return Spread(
        have=found["have"],
        routers=found["known"],
        last_at=found["last"] if found["have"] else None,
        tokens_told=told_of,
        tokens=of,
        tokens_ended=found["others_ended"],
        now=now,
        unheard=found["unheard"],
        unheard_since=found["unheard_since"],
        shared=found["shared"],
        shared_id=found["shared_id"] or "",
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows of one environment, as a part of another query."""
    counted = rows.order_by().values("environment").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


# --- How a release spread -----------------------------------------------------------------
def convergence_of(release: Release, now: datetime.datetime | None = None) -> Convergence:
    """How it spread over the routers that ran when it was published. Two queries."""
    now = now or timezone.now()
    arrived = ReleaseArrival.objects.filter(release=release, was_waiting=True)
    delays = [
        (at - release.published_at).total_seconds() for at in arrived.values_list("at", flat=True)
    ]
    waiting = 0
    if release.is_active:
        rows = live(release.environment_id, now).exclude(is_on(release))
        rows = rows.filter(first_seen_at__lte=release.published_at)
        waiting = rows.exclude(instance_id__in=arrived.values("instance_id")).count()
    return convergence(delays, waiting)
