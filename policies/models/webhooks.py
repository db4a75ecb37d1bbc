"""Webhooks of workflows, what is to be delivered to them, and each attempt to do so."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F
from django.urls import reverse

from policies.models.audit import AuditEvent
from policies.models.workflows import Workflow
from policies.notifications.events import WORDS, Event


class BodyKind(models.TextChoices):
    STANDARD = "standard", "Standard Webhooks (JSON)"
    SLACK = "slack", "Slack-compatible"


class Webhook(models.Model):
    """A URL that is told of a workflow's events.

    The secret is not kept: it is derived from the installation's key and `secret_salt`, so that a
    copy of the database signs nothing. `secret_hint` is its start, to tell one from another.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=500)
    body_kind = models.CharField(max_length=12, choices=BodyKind, default=BodyKind.STANDARD)
    events = models.JSONField(default=list)
    secret_salt = models.CharField(max_length=64)
    secret_hint = models.CharField(max_length=16)
    previous_salt = models.CharField(max_length=64, blank=True)
    previous_hint = models.CharField(max_length=16, blank=True)
    previous_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then both secrets sign."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("webhook", args=[self.workflow.slug, self.pk])

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    @property
    def event_labels(self) -> list[str]:
        return [WORDS[event].label for event in Event if event.value in self.events]


class MessageState(models.TextChoices):
    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class MessageQuerySet(models.QuerySet["WebhookMessage"]):
    def due(self, now: datetime.datetime) -> MessageQuerySet:
        waiting = self.filter(state=MessageState.PENDING, due_at__lte=now)
        return waiting.order_by("due_at", "pk")


class WebhookMessage(models.Model):
    """One body for one webhook, frozen when it was made; `public_id` is the same in each try."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages")
    audit_event = models.ForeignKey(
        AuditEvent, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: a test."
    )
    public_id = models.CharField(max_length=60, unique=True)
    event = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(max_length=12, choices=MessageState, default=MessageState.PENDING)
    tries = models.PositiveIntegerField(default=0, help_text="How many were begun.")
    tries_before = models.PositiveIntegerField(
        default=0, help_text="Of these, how many before somebody asked to deliver it again."
    )
    due_at = models.DateTimeField(help_text="When the next try may begin.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "audit_event"],
                condition=models.Q(audit_event__isnull=False),
                name="one_message_an_event",
            ),
            models.CheckConstraint(
                condition=models.Q(tries__gte=F("tries_before")), name="tries_count_up"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="pending"),
                name="message_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.event}"

    @property
    def is_test(self) -> bool:
        return self.audit_event_id is None


class WebhookAttempt(models.Model):
    """One try: what came back, and how long it took."""

    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    latency_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Null: no answer came.")
    excerpt = models.TextField(blank=True, help_text="The start of the answer.")
    error = models.CharField(max_length=300, blank=True, help_text="Why it failed; else empty.")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.message} try {self.number}"

    @property
    def succeeded(self) -> bool:
        return not self.error
