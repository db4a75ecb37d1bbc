"""Who runs what: how far releases have come, and what is the matter with which routers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from policies.fleet.convergence import Convergence, convergence
from policies.fleet.standing import Standing
from policies.fleet.wording import Spread
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken
from policies.models.fleet import RouterInstanceQuerySet, is_live, is_on, standings
from policies.services.routers.fleet import gone_after


@dataclass(frozen=True)
class Fleet:
    """The routers of an environment, as of `now`: how many of each standing.

    `routers` counts those that may run: also silent ones, until they were so for long. The others
    are `gone` and count nowhere else. `spread` is None where nothing is in force.
    """

    environment: Environment
    in_force: Release | None
    now: datetime.datetime
    routers: int
    gone: int
    counts: Mapping[Standing, int]
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
        return not _has_untold_tokens(self.in_force, self.now)

    @property
    def drifting(self) -> int:
        """Routers that report, and run something else than the release in force."""
        return self.counts[Standing.STRAGGLING]


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
    found = RouterInstance.objects.filter(environment=environment).aggregate(
        routers=Count("pk", filter=lately), gone=Count("pk", filter=~lately), **asked
    )
    counts = {standing: found[standing.value] for standing in Standing}
    spread = spread_of(release, now) if release is not None else None
    return Fleet(environment, release, now, found["routers"], found["gone"], counts, spread)


# --- How far a release in force has come --------------------------------------------------
def spread_of(release: Release, now: datetime.datetime | None = None) -> Spread:
    """How far a release has come that is in force. One query."""
    now = now or timezone.now()
    routers = live(release.environment_id, now)
    unheard = routers.filter(silent_after__lt=now).exclude(is_on(release)).order_by()
    tokens = RouterToken.objects.usable(now).filter(environment=release.environment_id)
    fetching = _only_fetching(release.environment_id, now)
    arrivals = ReleaseArrival.objects.filter(release=release.pk).order_by()
    told = Q(fetched_release=release.pk)
    shared = routers.filter(shared_since__isnull=False)
    have, known, last, missed, missed_at, told_all, all_tokens, told_silent, silent, two, one = (
        Release.objects.filter(pk=release.pk)
        .values_list(
            _count(routers.filter(is_on(release))),
            _count(routers),
            Subquery(arrivals.values("release").annotate(last=Max("at")).values("last")),
            _count(unheard),
            Subquery(
                unheard.values("environment").annotate(last=Max("last_seen_at")).values("last")
            ),
            _count(tokens.filter(told)),
            _count(tokens),
            _count(fetching.filter(told)),
            _count(fetching),
            _count(shared),
            Subquery(
                shared.order_by()
                .values("environment")
                .annotate(one=Min("instance_id"))
                .values("one")
            ),
        )
        .get()
    )
    if known:
        # What reports itself is counted as routers; of the rest, tokens that fetch at all.
        told_all, all_tokens = told_silent, silent
    last = last if have else None
    return Spread(have, known, last, told_all, all_tokens, now, missed, missed_at, two, one or "")


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows of one environment, as a part of another query."""
    counted = rows.order_by().values("environment").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def _has_untold_tokens(release: Release, now: datetime.datetime) -> bool:
    """Whether tokens fetched lately that report nothing and got another release last."""
    rows = _only_fetching(release.environment_id, now).filter(last_used_at__gte=now - gone_after())
    return rows.exclude(fetched_release=release).exists()


def _only_fetching(environment: int, now: datetime.datetime) -> QuerySet[RouterToken]:
    """Its tokens that fetch releases, and whose routers report nothing."""
    # One that has ended did report: what it fetched last tells of no router that is left.
    reporting = RouterInstance.objects.filter(silent_after__gte=now - gone_after())
    rows = RouterToken.objects.usable(now).filter(
        environment=environment, fetched_release__isnull=False
    )
    return rows.filter(~Exists(reporting.filter(token=OuterRef("pk"))))


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
