"""Bearer tokens: routers' and people's. Only a hash of each is kept."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import models, transaction
from django.utils import timezone

from policies.models.releases import Release
from policies.models.workflows import Environment

logger = logging.getLogger(__name__)
USE_NOTED_EVERY = datetime.timedelta(minutes=1)
Token = TypeVar("Token", bound="BearerToken")


class TokenScope(models.TextChoices):
    """What a router's token opens."""

    READ = "read", "Fetch policy"
    REPORT = "report", "Report outcomes, feedback and status"


def all_scopes() -> list[str]:
    """What a token opens unless somebody says less."""
    return list(TokenScope.values)


class TokenQuerySet(models.QuerySet[Token]):
    def note_use(self, pk: int, last_used_at: datetime.datetime | None) -> None:
        """Keep when a token was last used, to the minute; a failure to do so hinders nobody."""
        if last_used_at is None or timezone.now() - last_used_at >= USE_NOTED_EVERY:
            try:
                with transaction.atomic():
                    self.filter(pk=pk).update(last_used_at=timezone.now())
            except DatabaseError:
                logger.warning("When token %s was last used could not be kept.", pk)

    def usable(self, now: datetime.datetime | None = None) -> TokenQuerySet[Token]:
        return self.filter(revoked_at=None).exclude(expires_at__lte=now or timezone.now())


class RouterTokenQuerySet(TokenQuerySet["RouterToken"]):
    def ended(self, since: datetime.datetime, now: datetime.datetime) -> RouterTokenQuerySet:
        """Revoked or expired ones that were used since then."""
        is_over = models.Q(revoked_at__isnull=False) | models.Q(expires_at__lte=now)
        return self.filter(is_over, last_used_at__gte=since)

    def note_fetches(
        self, pks: Sequence[int], release: int | None, *, is_behind: bool = False
    ) -> None:
        """Keep that routers with these tokens asked a moment ago, and have this release.

        None: what they have did not show, so that what was known of it stays. `is_behind`: some
        router with each named another release's tag for a while.
        """
        now = timezone.now()
        known: dict[str, Any] = {} if release is None else {"fetched_release_id": release}
        if is_behind:
            known["behind_at"] = now
        self.filter(pk__in=pks).update(last_used_at=now, **known)

    def note_reports(self, pks: Collection[int], at: datetime.datetime) -> None:
        """Keep, to the minute, that routers reported their status with these tokens. What another
        process is writing waits for the next report, so that nobody waits in a ring."""
        before = models.Q(reported_at=None) | models.Q(reported_at__lt=at - USE_NOTED_EVERY)
        due = self.filter(before, pk__in=pks).order_by().select_for_update(skip_locked=True)
        self.filter(pk__in=due.values("pk")).update(reported_at=at)


class BearerToken(models.Model):
    """What both kinds share. `hint` is the token's first characters, to tell one from another."""

    name = models.CharField(max_length=120)
    hint = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def is_usable(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired


class RouterToken(BearerToken):
    """Lets a router of one workflow and environment fetch its policy and report back."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="router_tokens"
    )
    scopes = models.JSONField(default=all_scopes, help_text="Of `TokenScope`, in its order.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    fetched_release = models.ForeignKey(
        Release,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The release in force that the router last named the tag of.",
    )
    behind_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a router with it last named another release's tag, and did so for a while.",
    )
    reported_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a router last reported its status, to the minute.",
    )

    objects = RouterTokenQuerySet.as_manager()

    @property
    def opens(self) -> str:
        """Its scopes in words."""
        if self.scopes == all_scopes():
            return "everything"
        return ", ".join(TokenScope(scope).label.lower() for scope in self.scopes)


class ReportedHour(models.Model):
    """How much was kept of what came with a router's token in one hour, by the console's clock."""

    token = models.ForeignKey(
        RouterToken, on_delete=models.CASCADE, db_index=False, related_name="reported_hours"
    )
    start = models.DateTimeField()
    outcomes = models.BigIntegerField(default=0)
    requests_in_sums = models.BigIntegerField(default=0)
    feedback = models.BigIntegerField(default=0, help_text="Words that changed an outcome.")
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "start"], name="reported_hour_once")
        ]

    def __str__(self) -> str:
        return f"{self.token_id} {self.start:%Y-%m-%d %H:%M}"


class PersonalToken(BearerToken):
    """Lets a person do over REST what they may do in the browser."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )

    objects = TokenQuerySet.as_manager()
