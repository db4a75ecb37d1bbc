"""Running routers, as they report themselves, and when releases reached them."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from policies.fleet.report import LONGEST_NAME, Shared
from policies.fleet.sharing import Seen, began_ms
from policies.fleet.standing import (
    CLOCK_OFF,
    FAILING_FOR,
    STRAGGLING_AFTER,
    Standing,
)
from policies.models.components import Bundle
from policies.models.releases import Release
from policies.models.tokens import RouterToken
from policies.models.workflows import Environment
from policies.wording.numbers import span

# What a length of time can hold; a clock that is further off is off all the same.
_LONGEST_SKEW_MS = 86_400_000_000_000


class RouterInstanceQuerySet(models.QuerySet["RouterInstance"]):
    def live(
        self, now: datetime.datetime, gone_after: datetime.timedelta
    ) -> RouterInstanceQuerySet:
        return self.filter(is_live(now, gone_after))


_IS_SHARED = Q(shared_since__isnull=False)


def is_live(now: datetime.datetime, gone_after: datetime.timedelta) -> Q:
    """Has not said that it ends, and was not silent for so long. Where two share an instance_id
    the goodbye is of one of them: the other is heard from before it would be silent."""
    runs = Q(has_ended=False, silent_after__gte=now - gone_after)
    return runs | Q(_IS_SHARED, has_ended=True, silent_after__gte=now)


def is_on(release: Release) -> Q:
    """Decides with this release, which two that share an instance_id do not confirm. Asked of the
    rows of its environment."""
    return _names(release) & ~_IS_SHARED


def is_off(release: Release, now: datetime.datetime) -> Q:
    """Reports, and decides with something else, were it only for a moment. Of two that share an
    instance_id one does, once either said so, whatever the other says."""
    was_behind = Q(_IS_SHARED, behind_since__isnull=False)
    return Q(silent_after__gte=now) & (~_names(release) | was_behind)


def _names(release: Release) -> Q:
    bundle = Bundle.objects.filter(pk=release.bundle_id)
    return Q(active_number=release.number, active_digest=Subquery(bundle.values("digest")[:1]))


def standings(
    environment: int, in_force: Release | None, now: datetime.datetime
) -> dict[Standing, Q]:
    """What is asked of the rows of one environment, whose release is `in_force`, for each."""
    published = Release.objects.filter(environment=environment)
    is_named = Q(pk__in=())
    is_behind = Q(pk__in=())
    if in_force is not None:
        is_named = _names(in_force)
        if in_force.published_at < now - STRAGGLING_AFTER:
            is_behind = is_off(in_force, now) & Q(first_seen_at__lt=now - STRAGGLING_AFTER)
    has_some = Q(active_number__isnull=False)
    # The same content may be published elsewhere, under another number.
    is_published = Exists(
        published.filter(number=OuterRef("active_number"), bundle__digest=OuterRef("active_digest"))
    )
    off_ms = CLOCK_OFF.total_seconds() * 1000
    return {
        Standing.CURRENT: is_named & ~_IS_SHARED,
        Standing.OLD: has_some & Q(is_published) & ~is_named,
        Standing.UNKNOWN: has_some & ~Q(is_published),
        Standing.SHARED: _IS_SHARED,
        Standing.EMPTY: ~has_some,
        Standing.STRAGGLING: is_behind,
        Standing.FAILING: Q(last_error_at__gte=F("last_seen_at") - FAILING_FOR),
        Standing.SILENT: Q(silent_after__lt=now),
        Standing.STALE: Q(active_number__in=published.filter(not_after__lt=now).values("number")),
        Standing.SKEWED: Q(skew_ms__gt=off_ms) | Q(skew_ms__lt=-off_ms),
    }


class RouterInstance(models.Model):
    """One running router, as it last reported itself. Times are by the console's clock, but
    `started_at`, `started_before`, `last_success_at` and those in `errors`, which are by the
    router's own."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="router_instances"
    )
    token = models.ForeignKey(
        RouterToken, on_delete=models.SET_NULL, null=True, related_name="instances"
    )
    instance_id = models.CharField(max_length=LONGEST_NAME)
    region = models.CharField(max_length=LONGEST_NAME, blank=True)
    labels = models.JSONField(default=dict)
    client_name = models.CharField(max_length=LONGEST_NAME)
    client_version = models.CharField(max_length=LONGEST_NAME)
    active_number = models.PositiveIntegerField(null=True)
    active_digest = models.CharField(max_length=71, blank=True)
    pending_number = models.PositiveIntegerField(null=True)
    pending_digest = models.CharField(max_length=71, blank=True)
    source = models.CharField(max_length=8, blank=True)
    last_success_at = models.DateTimeField(null=True)
    errors = models.JSONField(default=list)
    last_error_at = models.DateTimeField(null=True)
    skew_ms = models.BigIntegerField(help_text="How far its clock is ahead of the console's.")
    started_at = models.DateTimeField()
    started_before = models.DateTimeField(
        null=True, help_text="When the process started that reported before under its instance_id."
    )
    shared_since = models.DateTimeField(
        null=True, help_text="Since when two are known to report under its instance_id."
    )
    shared_until = models.DateTimeField(
        null=True, help_text="A report after it lifts that, unless the other one reports, too."
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    silent_after = models.DateTimeField(help_text="Several reports are missing from then on.")
    has_ended = models.BooleanField(default=False, help_text="Its last report said so.")
    behind_since = models.DateTimeField(
        null=True, help_text="Since when it was seen behind, each time that fleets were watched."
    )

    objects = RouterInstanceQuerySet.as_manager()

    class Meta:
        ordering = ["instance_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "instance_id"], name="router_instance_once"
            )
        ]
        indexes = [models.Index(fields=["environment", "silent_after"], name="router_silent_after")]

    def __str__(self) -> str:
        return self.instance_id

    @property
    def seen(self) -> Seen:
        """Which process reported last, and whether two do."""
        shared = None
        if self.shared_since is not None and self.shared_until is not None:
            shared = Shared(self.shared_since, self.shared_until)
        began = began_ms(self.started_at, self.skew, self.last_seen_at)
        return Seen(self.started_at, began, self.started_before, shared, self.has_ended)

    @property
    def skew(self) -> datetime.timedelta:
        """How far its clock is ahead."""
        return datetime.timedelta(milliseconds=self.skew_ms)

    @property
    def clock(self) -> datetime.datetime:
        """What its own clock said when it reported last, to the millisecond below."""
        return self.last_seen_at + self.skew

    @property
    def skew_words(self) -> str:
        """How far its clock is off: ``2 min ahead``."""
        size = datetime.timedelta(milliseconds=min(abs(self.skew_ms), _LONGEST_SKEW_MS))
        return f"{span(size)} {'ahead' if self.skew_ms > 0 else 'behind'}"


class ReleaseArrival(models.Model):
    """When a router took up a release, by the console's clock, and never before it was published.

    It outlives the router's own row, so that a release's convergence can be told later.
    """

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="arrivals")
    instance_id = models.CharField(max_length=LONGEST_NAME)
    at = models.DateTimeField()
    heard_at = models.DateTimeField()
    was_waiting = models.BooleanField(
        help_text="Whether it ran when the release was published; what starts later converges "
        "with nothing."
    )

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["release", "instance_id"], name="release_arrival_once")
        ]
        indexes = [models.Index(fields=["release", "at"], name="release_arrival_by_time")]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.at:%Y-%m-%d %H:%M:%S}"


class DriftEpisode(models.Model):
    """A while in which routers of an environment ran something else than its release."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="drift_episodes"
    )
    began_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, help_text="When it had lasted long enough to tell.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment"], condition=Q(ended_at=None), name="one_open_drift"
            )
        ]

    def __str__(self) -> str:
        return f"{self.environment} {self.began_at:%Y-%m-%d %H:%M}"
