"""Exceptions to the ordinary way: times without publication, and debts of those who did without
review."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models

from policies.models.changes import ChangeRequest
from policies.models.components import Bundle
from policies.models.releases import Release
from policies.models.workflows import Environment, Workflow


class FreezeWindowQuerySet(models.QuerySet["FreezeWindow"]):
    def of(self, environment: Environment) -> FreezeWindowQuerySet:
        """Those that hold for this environment: its own and the workflow's."""
        concerned = models.Q(environment=environment) | models.Q(environment=None)
        return self.filter(concerned, workflow=environment.workflow_id)

    def ahead(self, moment: datetime.datetime) -> FreezeWindowQuerySet:
        """In force or still to come."""
        return self.filter(lifted_at=None, ends_at__gt=moment)


class FreezeWindow(models.Model):
    """From then to then nothing is published here, or nowhere in the workflow."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="freezes")
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, null=True, blank=True, related_name="freezes"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = FreezeWindowQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="freeze_ends_later"
            )
        ]

    def __str__(self) -> str:
        return f"Freeze of {self.where}"

    def holds_at(self, moment: datetime.datetime) -> bool:
        return self.lifted_at is None and self.starts_at <= moment < self.ends_at

    @property
    def where(self) -> str:
        """The environment's name, or that it is all of them."""
        return self.environment.name if self.environment else "every environment"


class Settlement(models.TextChoices):
    APPROVED = "approved", "Approved afterwards"
    CLOSED = "closed", "Closed by an owner"


class ReviewDebtQuerySet(models.QuerySet["ReviewDebt"]):
    def open(self) -> ReviewDebtQuerySet:
        return self.filter(settled_at=None)

    def of_content(self, release: Release) -> ReviewDebtQuerySet:
        """Of what asks for the same in the same environment, under whatever number it went out."""
        same = Bundle.objects.filter(pk=release.bundle_id)
        return self.filter(
            release__environment=release.environment_id,
            release__bundle__intent__in=same.values("intent"),
        )

    def with_related(self) -> ReviewDebtQuerySet:
        return self.select_related(
            "release__environment",
            "release__workflow",
            "change__workflow__team",
            "change__environment",
            "change__created_by",
            "created_by",
        )


class ReviewDebt(models.Model):
    """What a break-glass publication left out; shown until it is made up for."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="debt")
    change = models.OneToOneField(ChangeRequest, on_delete=models.PROTECT, related_name="debt")
    reason = models.TextField()
    subject_digest = models.CharField(max_length=71, help_text="What went out unreviewed.")
    bypassed = models.JSONField(default=list, help_text="The obstacles that were passed over.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settlement = models.CharField(max_length=8, choices=Settlement, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settlement_reason = models.TextField(blank=True)

    objects = ReviewDebtQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Review debt of {self.release}"

    @property
    def is_open(self) -> bool:
        return self.settled_at is None
