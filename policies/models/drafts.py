"""Working copies: what an author edits before anything is proposed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from policies.models.components import ComponentKind
from policies.models.workflows import Workflow


class DraftQuerySet(models.QuerySet["Draft"]):
    def open(self) -> DraftQuerySet:
        return self.filter(closed_at=None)


class Draft(models.Model):
    """The four documents under one author's hands; others may contribute."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="drafts")
    title = models.CharField(max_length=160)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    contributors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="contributed_drafts"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("draft", args=[self.workflow.slug, self.pk])

    def saved_documents(self) -> dict[str, Any]:
        """The documents by kind, as they were saved last, sound or not."""
        return {row.kind: row.document for row in self.documents.all()}


class DraftDocument(models.Model):
    """One document of a draft. It may be wrong for now: nothing an author typed is lost."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=30, choices=ComponentKind)
    document = models.JSONField()
    revision = models.PositiveIntegerField(default=1, help_text="Raised by every save.")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["kind"]
        constraints = [models.UniqueConstraint(fields=["draft", "kind"], name="draft_kind_once")]

    def __str__(self) -> str:
        return f"{self.draft}: {self.get_kind_display()}"


class DraftRevision(models.Model):
    """A document of a draft as it was saved once. Rows are added, thinned out, never changed."""

    class Step(models.TextChoices):
        SAVED = "saved", "Saved"
        UNDONE = "undone", "Undone"
        REDONE = "redone", "Redone"
        RESTORED = "restored", "Restored"

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="revisions")
    kind = models.CharField(max_length=30, choices=ComponentKind)
    revision = models.PositiveIntegerField()
    document = models.JSONField()
    step = models.CharField(max_length=10, choices=Step, default=Step.SAVED)
    source = models.PositiveIntegerField(
        null=True, help_text="The revision whose document this one brought back."
    )
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "kind", "revision"], name="draft_revision_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.draft}: {self.get_kind_display()}, revision {self.revision}"
