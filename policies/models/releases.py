"""Releases: bundles in force in an environment, signed for the routers that poll."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from policies.models.components import Bundle
from policies.models.workflows import Environment, Workflow


class ReleaseKind(models.TextChoices):
    PUBLICATION = "publication", "Publication"
    ROLLBACK = "rollback", "Rollback"
    BREAK_GLASS = "break_glass", "Break-glass"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def active(self) -> ReleaseQuerySet:
        return self.filter(retired_at=None)

    def with_content_of(self, release: Release) -> ReleaseQuerySet:
        """The same content in the same environment, under whatever number."""
        return self.filter(environment=release.environment_id, bundle=release.bundle_id)

    def with_intent_of(self, release: Release) -> ReleaseQuerySet:
        """What asks for the same in the same environment, in whatever words and numbers."""
        same = Bundle.objects.filter(pk=release.bundle_id)
        return self.filter(
            environment=release.environment_id, bundle__intent__in=same.values("intent")
        )

    def and_what_they_owe(self) -> ReleaseQuerySet:
        """As `owes_review` whether a review of what it asks for is owed there, from whichever
        number."""
        owing = Release.objects.filter(
            environment=models.OuterRef("environment"),
            bundle__intent=models.OuterRef("bundle__intent"),
            debt__isnull=False,
            debt__settled_at=None,
        )
        return self.annotate(owes_review=models.Exists(owing))

    def that_bypassed_review(self) -> ReleaseQuerySet:
        """Published by break-glass: what the scorecard counts as bypasses."""
        return self.filter(kind=ReleaseKind.BREAK_GLASS)


class Release(models.Model):
    """A published bundle. The signed body is kept byte for byte as routers receive it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="releases")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField(help_text="Counts up per workflow and environment.")
    kind = models.CharField(max_length=12, choices=ReleaseKind, default=ReleaseKind.PUBLICATION)
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="releases")
    change = models.ForeignKey(
        "policies.ChangeRequest",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="releases",
    )
    restores = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="restored_by"
    )
    reason = models.TextField(blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.JSONField(default=list, help_text="User names of the approvers.")
    attestation = models.JSONField(
        default=dict, help_text="Who let it out, on which evidence; empty for releases of before."
    )
    published_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField()
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="When its environment's share of the routers had it."
    )
    body = models.TextField(help_text="The exact signed JSON text.")
    etag = models.CharField(max_length=120)
    signature = models.TextField(help_text="Detached JWS over the UTF-8 bytes of the body.")

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "number"], name="release_number_once"),
            models.UniqueConstraint(
                fields=["environment"],
                condition=models.Q(retired_at=None),
                name="one_active_release",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment.name} #{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("release", args=[self.workflow.slug, self.environment.name, self.number])

    @property
    def is_active(self) -> bool:
        return self.retired_at is None

    @property
    def repairs(self) -> Release | None:
        """The release that it was published to repair; a rollback only restores content."""
        is_rollback = self.kind == ReleaseKind.ROLLBACK
        return None if self.change is None or is_rollback else self.change.repairs


class SigningKey(models.Model):
    """The public half of a key that signs releases. Standby, then active, then retired; revoked
    when routers are to believe it no more."""

    class Revoked(models.TextChoices):
        RETIRED = "retired", "Retired"
        COMPROMISED = "compromised", "Compromised"

    kid = models.CharField(max_length=64, unique=True)
    public_jwk = models.JSONField()
    sequence = models.PositiveIntegerField(
        unique=True, help_text="Its place in the chain: each key is endorsed by the one before."
    )
    endorsements = models.JSONField(default=list, help_text="Detached JWS over what it says.")
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_as = models.CharField(max_length=12, choices=Revoked, blank=True)
    revocation = models.TextField(blank=True, help_text="Detached JWS by a later key.")

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(activated_at__isnull=False, retired_at=None),
                name="one_active_signing_key",
            )
        ]

    def __str__(self) -> str:
        return f"key {self.sequence}"

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return self.revoked_as
        if self.retired_at is not None:
            return "retired"
        return "standby" if self.activated_at is None else "active"
