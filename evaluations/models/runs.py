"""Shadow evaluations and the chunks they are made of."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.conf import settings as console_settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from evaluations.models.datasets import Dataset
from policies.models import Bundle, ChangeRequest, EvidencePlan, Workflow
from policies.models.changes import Verdict


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING)


class ShadowEvaluationQuerySet(models.QuerySet["ShadowEvaluation"]):
    def unfinished(self) -> ShadowEvaluationQuerySet:
        return self.filter(status__in=UNFINISHED)

    def with_related(self) -> ShadowEvaluationQuerySet:
        """What every page about a run reads, in one go."""
        return self.select_related(
            "workflow__team",
            "dataset__workflow",
            "dataset__created_by",
            "candidate",
            "baseline",
            "change_request__workflow",
            "evidence_plan__environment",
            "created_by",
        )

    def looks_at(self, workflow: Workflow) -> ShadowEvaluationQuerySet:
        """Runs on an evidence plan: each read the sealed share of its dataset."""
        return self.filter(workflow=workflow, look__gt=0)

    def of_meaning(self, candidate: Bundle, baseline: Bundle | None) -> ShadowEvaluationQuerySet:
        """Runs that compared what these two do, whatever words they did it in."""
        base = Q(baseline__meaning=baseline.meaning) if baseline else Q(baseline=None)
        return self.filter(base, candidate__meaning=candidate.meaning)


class ShadowEvaluation(models.Model):
    """A replay of a dataset through a candidate and a baseline bundle."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="evaluations")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="evaluations")
    candidate = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="+")
    baseline = models.ForeignKey(
        Bundle,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty when nothing is released yet: the candidate is measured by itself.",
    )
    change_request = models.ForeignKey(
        ChangeRequest, on_delete=models.CASCADE, null=True, blank=True, related_name="evaluations"
    )
    evidence_plan = models.ForeignKey(
        EvidencePlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The plan it was started on; empty for a run that only explores.",
    )
    look = models.PositiveIntegerField(
        default=0, help_text="Which look at the dataset's sealed share; 0: it read the open part."
    )
    requests = models.PositiveIntegerField(help_text="How many requests it reads.")
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.QUEUED)
    settings = models.JSONField(default=dict)
    identity = models.CharField(max_length=71, help_text="Digest of all that decides the result.")
    chunk_count = models.PositiveIntegerField()
    result = models.TextField(blank=True, help_text="Canonical JSON of the report.")
    result_digest = models.CharField(max_length=71, blank=True)
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        console_settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(auto_now_add=True, help_text="When tasks were last queued.")

    objects = ShadowEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(chunk_count__gte=1), name="run_has_chunks"),
            models.CheckConstraint(
                condition=~Q(status="finished") | (~Q(result="") & ~Q(verdict="")),
                name="finished_run_has_result",
            ),
        ]
        indexes = [models.Index(fields=["status", "nudged_at"], name="run_to_resume")]

    def __str__(self) -> str:
        return f"Evaluation {self.pk} on {self.dataset}"

    def get_absolute_url(self) -> str:
        return reverse("evaluation", args=[self.workflow.slug, self.pk])

    @property
    def is_unfinished(self) -> bool:
        return self.status in UNFINISHED

    @property
    def baseline_digest(self) -> str:
        return self.baseline.digest if self.baseline else ""

    @cached_property
    def report(self) -> dict[str, Any]:
        """The finished report; empty before."""
        loaded: dict[str, Any] = json.loads(self.result) if self.result else {}
        return loaded


class EvaluationChunk(models.Model):
    """The exact sums of one chunk; written once, whoever delivers it and however often."""

    run = models.ForeignKey(ShadowEvaluation, on_delete=models.CASCADE, related_name="chunks")
    index = models.PositiveIntegerField()
    requests = models.PositiveIntegerField()
    stats = models.BinaryField(help_text="zlib-compressed canonical JSON.")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the uncompressed text.")
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="chunk_once")]

    def __str__(self) -> str:
        return f"chunk {self.index} of evaluation {self.run_id}"
