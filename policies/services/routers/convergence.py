"""Who runs what: how far releases have come, and what is the matter with which routers."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils import timezone

from policies.fleet.convergence import Convergence, convergence
from policies.fleet.standing import Standing
from policies.fleet.wording import Spread
from policies.models import Environment, Release, ReleaseArrival, RouterInstance, RouterToken
from policies.models.fleet import RouterInstanceQuerySet, is_on, standings
from policies.services.routers.fleet import gone_after


@dataclass(frozen=True)
class Fleet:
    """The routers of an environment, as of `now`: how many of each standing.

    `routers` counts those heard from lately; those silent for long are `gone` and count nowhere
    else. `spread` is None where nothing is in force.
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

        One that reports says nothing of others that only fetch: those were told of it, too.
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
    """Its routers that were not silent for long."""
    rows = RouterInstance.objects.filter(environment=environment)
    return rows.not_silent_since(now - gone_after())


def in_force(environment: Environment) -> Release | None:
    rows = Release.objects.active().filter(environment=environment).select_related("bundle")
    return rows.defer("body", "signature", "bundle__content").first()


def fleet_of(environment: Environment, now: datetime.datetime | None = None) -> Fleet:
    """Four queries, however many routers there are."""
    now = now or timezone.now()
    release = in_force(environment)
    lately = Q(silent_after__gte=now - gone_after())
    asked = {
        standing.value: Count("pk", filter=lately & which)
        for standing, which in standings(environment.pk, release, now).items()
    }
    found = RouterInstance.objects.filter(environment=environment).aggregate(
        routers=Count("pk", filter=lately), gone=Count("pk", filter=~lately), **asked
    )
    counts = {standing: found[standing.value] for standing in Standing}
    spread = None
    if release is not None:
        counted = {environment.pk: (counts[Standing.CURRENT], found["routers"])}
        spread = _spreads([release], counted, now)[release.pk]
    return Fleet(environment, release, now, found["routers"], found["gone"], counts, spread)


# --- How far releases in force have come --------------------------------------------------
def spread_of(release: Release, now: datetime.datetime | None = None) -> Spread:
    """How far a release has come that is in force."""
    return spreads_of([release], now)[release.pk]


def spreads_of(
    releases: Iterable[Release], now: datetime.datetime | None = None
) -> dict[int, Spread]:
    """The same of several, one an environment, by their keys. Three queries."""
    releases, now = list(releases), now or timezone.now()
    has_it = Q(pk__in=())
    for release in releases:
        has_it |= Q(environment=release.environment_id) & is_on(release)
    rows = RouterInstance.objects.not_silent_since(now - gone_after()).order_by()
    rows = rows.filter(environment__in={release.environment_id for release in releases})
    counted = rows.values_list("environment").annotate(
        have=Count("pk", filter=has_it), routers=Count("pk")
    )
    by_environment = {environment: (have, routers) for environment, have, routers in counted}
    return _spreads(releases, by_environment, now)


def _spreads(
    releases: Collection[Release], counted: Mapping[int, tuple[int, int]], now: datetime.datetime
) -> dict[int, Spread]:
    """`counted`: environment → how many of its routers have its release, and how many it has."""
    arrivals = ReleaseArrival.objects.filter(release__in=[release.pk for release in releases])
    last_at = dict(arrivals.order_by().values_list("release").annotate(Max("at")))
    tokens = _tokens_by_environment({release.environment_id for release in releases}, now)
    found = {}
    for release in releases:
        have, routers = counted.get(release.environment_id, (0, 0))
        known = tokens.get(release.environment_id, [])
        if routers:
            # What reports itself is counted as routers; of the rest, tokens that fetch at all.
            known = [token for token in known if token.fetched and not token.reports]
        told = sum(token.fetched == release.pk for token in known)
        last = last_at.get(release.pk) if have else None
        found[release.pk] = Spread(have, routers, last, told, len(known), now)
    return found


def _has_untold_tokens(release: Release, now: datetime.datetime) -> bool:
    """Whether tokens fetched lately that report nothing and were told of another release last."""
    reporting = RouterInstance.objects.not_silent_since(now - gone_after())
    rows = RouterToken.objects.usable(now).filter(
        environment=release.environment_id,
        fetched_release__isnull=False,
        last_used_at__gte=now - gone_after(),
    )
    rows = rows.exclude(fetched_release=release)
    return rows.filter(~Exists(reporting.filter(token=OuterRef("pk")))).exists()


class _Token(NamedTuple):
    environment: int
    fetched: int | None
    reports: bool


def _tokens_by_environment(
    environments: Collection[int], now: datetime.datetime
) -> dict[int, list[_Token]]:
    reporting = RouterInstance.objects.not_silent_since(now - gone_after())
    rows = RouterToken.objects.usable(now).filter(environment__in=environments)
    known = rows.annotate(reports=Exists(reporting.filter(token=OuterRef("pk"))))
    found: dict[int, list[_Token]] = {}
    for row in known.order_by().values_list("environment", "fetched_release", "reports"):
        token = _Token(*row)
        found.setdefault(token.environment, []).append(token)
    return found


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
