"""The audit trail: append-only rows, each sealed with the hash of the one before."""

from django.conf import settings
from django.db import models

from policies.models.workflows import Workflow


class AuditHead(models.Model):
    """The end of the chain. One row; locking it puts writers in line."""

    last_sequence = models.PositiveBigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_head")]

    def __str__(self) -> str:
        return f"audit head at {self.last_sequence}"


class AuditEvent(models.Model):
    """Who did what, when, from where, and what it changed. Triggers refuse update and delete."""

    sequence = models.PositiveBigIntegerField(unique=True)
    time = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="audit_events"
    )
    actor_name = models.CharField(max_length=150)
    origin = models.CharField(max_length=20, help_text="browser, rest, command or task.")
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=60, db_index=True)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, null=True, related_name="audit_events"
    )
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=120)
    before = models.CharField(max_length=71, blank=True, help_text="Digest before, if any.")
    after = models.CharField(max_length=71, blank=True, help_text="Digest after, if any.")
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"
