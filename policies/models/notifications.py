"""What people were told, and what of it they want by mail."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse

from policies.models.audit import AuditEvent
from policies.models.workflows import Workflow
from policies.notifications.events import WORDS, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class NewsCursor(models.Model):
    """How far the audit trail was told. One row; locking it puts those who tell in line."""

    last_sequence = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_news_cursor")]

    def __str__(self) -> str:
        return f"told up to {self.last_sequence}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: User | AnonymousUser) -> NotificationQuerySet:
        """A person's inbox: nothing of a workflow that they may no longer see."""
        visible = Workflow.objects.visible_to(user)
        return self.filter(recipient_id=user.pk or 0, workflow__in=visible)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)

    def mail_due(self, now: datetime.datetime) -> NotificationQuerySet:
        return self.filter(mail_due_at__lte=now).order_by("mail_due_at", "pk")


class Notification(models.Model):
    """One event told to one person, never twice. `mail_due_at` is set while a mail is owed."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    audit_event = models.ForeignKey(
        AuditEvent, on_delete=models.PROTECT, related_name="notifications"
    )
    event = models.CharField(max_length=40)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="notifications")
    sentence = models.CharField(max_length=400)
    note = models.TextField(blank=True, help_text="What was said with it, shortened.")
    because = models.CharField(max_length=300, help_text="Why this person is told.")
    path = models.CharField(max_length=300)
    created_at = models.DateTimeField(help_text="When it happened.")
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-audit_event_id", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["audit_event", "recipient"], name="told_once")
        ]
        indexes = [
            models.Index(fields=["recipient", "read_at"], name="notification_unread"),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False),
                name="notification_mail_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.sentence}"

    def get_absolute_url(self) -> str:
        return reverse("inbox-open", args=[self.pk])

    @property
    def event_label(self) -> str:
        return WORDS[Event(self.event)].label


class MailPreference(models.Model):
    """A person's own choice for one event, where it differs from nothing said."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_preferences"
    )
    event = models.CharField(max_length=40)
    by_mail = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="mail_preference_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.event} {'by mail' if self.by_mail else 'not by mail'}"
