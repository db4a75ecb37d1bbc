"""Watches fleets: when a release counts as delivered, and while routers run something else."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone

from policies.fleet.convergence import arrival_at_share
from policies.fleet.standing import Standing
from policies.models import DriftEpisode, Environment, Release, ReleaseArrival, RouterInstance
from policies.models.fleet import RouterInstanceQuerySet, is_off, is_on, standings
from policies.services import audit
from policies.services.routers.convergence import Fleet, fleet_of, live
from policies.services.routers.fleet import gone_after

# What looks like a restart with the release, or like an end, may be a second router under the
# instance_id: then the first one reports again within an interval.
SURE_AFTER = datetime.timedelta(minutes=1)


def watch_fleets(now: datetime.datetime | None = None) -> None:
    """Note deliveries, and begin, tell and end drift, in each environment with routers."""
    now = now or timezone.now()
    lately = RouterInstance.objects.live(now, gone_after())
    has_routers = Q(pk__in=lately.values("environment"))
    drifts = Q(drift_episodes__isnull=False, drift_episodes__ended_at=None)
    found = Environment.objects.filter(has_routers | drifts).distinct().select_related("workflow")
    for environment in found:
        fleet = fleet_of(environment, now)
        _note_delivery(fleet)
        _note_drift(fleet)


def _note_delivery(fleet: Fleet) -> None:
    release = fleet.in_force
    if release is None or release.delivered_at is not None or not fleet.is_delivered:
        return
    have_it = live(fleet.environment.pk, fleet.now).filter(is_on(release)).values("instance_id")
    arrivals = ReleaseArrival.objects.filter(release=release, instance_id__in=have_it)
    share = fleet.environment.delivered_share / 100
    at = arrival_at_share(list(arrivals.values_list("at", flat=True)), fleet.routers, share)
    Release.objects.filter(pk=release.pk, delivered_at=None).update(delivered_at=at or fleet.now)


def _note_drift(fleet: Fleet) -> None:
    """An episode begins with the first router that is behind, and ends with the last, once that is
    sure. It is told once one router stayed behind for long, not when several took turns."""
    since = _note_behind(fleet)
    if not fleet.drifting:
        if not _may_drift(fleet):
            _end_drift(fleet)
    elif since is not None:
        episode, _ = DriftEpisode.objects.get_or_create(
            environment=fleet.environment, ended_at=None, defaults={"began_at": since}
        )
        if episode.told_at is None:
            episode.began_at = since
            episode.save(update_fields=["began_at"])
            if fleet.now - since >= _drift_after():
                _tell_drift(episode, fleet)


@transaction.atomic
def _note_behind(fleet: Fleet) -> datetime.datetime | None:
    """Keep since when each router is behind; since when the one is that is so for longest. A
    release that was published a moment ago puts nobody behind yet, and nobody right."""
    rows = RouterInstance.objects.filter(environment=fleet.environment)
    known = rows.filter(behind_since__isnull=False)
    release = fleet.in_force
    if release is None:
        _at_hand(known).update(behind_since=None)
        return None
    # None is kept of one of two that shared an id and now reports alone: that is sure.
    just_arrived = ReleaseArrival.objects.filter(
        release=release, instance_id=OuterRef("instance_id"), heard_at__gt=fleet.now - SURE_AFTER
    )
    has_left = Q(has_ended=True, shared_since=None, last_seen_at__lte=fleet.now - SURE_AFTER)
    is_right = Q(is_on(release), ~Exists(just_arrived))
    _at_hand(known.filter(is_right | has_left)).update(behind_since=None)
    is_behind = standings(fleet.environment.pk, release, fleet.now)[Standing.STRAGGLING]
    runs = live(fleet.environment.pk, fleet.now)
    _at_hand(runs.filter(is_behind, behind_since=None)).update(behind_since=fleet.now)
    off = runs.filter(is_off(release, fleet.now))
    since: datetime.datetime | None = off.aggregate(since=Min("behind_since"))["since"]
    return since


def _may_drift(fleet: Fleet) -> bool:
    """Whether some router that is heard of was behind for long, and may be so still."""
    rows = RouterInstance.objects.filter(environment=fleet.environment, silent_after__gte=fleet.now)
    return rows.filter(behind_since__lte=fleet.now - _drift_after()).exists()


def _drift_after() -> datetime.timedelta:
    return datetime.timedelta(seconds=settings.DRIFT_AFTER_S)


def _at_hand(rows: RouterInstanceQuerySet) -> RouterInstanceQuerySet:
    """Without those that a plane is writing, so that nobody waits in a ring: next time will do."""
    free = rows.order_by().select_for_update(skip_locked=True)
    return RouterInstance.objects.filter(pk__in=free.values("pk"))


@transaction.atomic
def _tell_drift(episode: DriftEpisode, fleet: Fleet) -> None:
    untold = DriftEpisode.objects.filter(pk=episode.pk, told_at=None, ended_at=None)
    if untold.update(told_at=fleet.now):
        audit.record(
            "fleet.drifted",
            fleet.environment,
            acting_user=None,
            workflow=fleet.environment.workflow,
            detail={
                "environment": fleet.environment.name,
                "release": fleet.in_force.number if fleet.in_force else None,
                "behind": fleet.drifting,
                "routers": fleet.routers,
                "since": episode.began_at.isoformat(timespec="seconds"),
                "reason": drift_sentence(fleet),
            },
        )


@transaction.atomic
def _end_drift(fleet: Fleet) -> None:
    episode = DriftEpisode.objects.filter(environment=fleet.environment, ended_at=None).first()
    if episode is None:
        return
    is_ours = DriftEpisode.objects.filter(pk=episode.pk, ended_at=None).update(ended_at=fleet.now)
    if is_ours and episode.told_at is not None:
        audit.record(
            "fleet.drift_ended",
            fleet.environment,
            acting_user=None,
            workflow=fleet.environment.workflow,
            detail={
                "environment": fleet.environment.name,
                "since": episode.began_at.isoformat(timespec="seconds"),
                "reason": fleet.spread.sentence if fleet.spread else "Nothing is in force there.",
            },
        )


def drift_sentence(fleet: Fleet) -> str:
    """Who runs what instead of the release in force, and of whom it is not known."""
    many, release = fleet.drifting, fleet.in_force
    if release is None or not many:
        return ""
    verb = "does" if many == 1 else "do"
    sentence = f"{many:,} of {fleet.routers:,} routers {verb} not run release {release.number}"
    unknown = fleet.counts[Standing.UNKNOWN]
    if unknown:
        what = "something that was never published here"
        sentence += f"; {unknown:,} run{'s' if unknown == 1 else ''} {what}"
    if fleet.spread is not None and fleet.spread.unheard:
        sentence += f"; {fleet.spread.unheard_words}"
    return f"{sentence}."


def drift_of(environment: Environment) -> DriftEpisode | None:
    """Drift that lasts and was told."""
    rows = DriftEpisode.objects.filter(environment=environment, ended_at=None)
    return rows.filter(told_at__isnull=False).first()
