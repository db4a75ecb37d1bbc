"""The decision questions of a workflow: what its people know before they change anything."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from policies.models.workflows import Workflow


class DecisionAnswers(models.Model):
    """One numbered set of answers; the highest number is in force."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="answers")
    number = models.PositiveIntegerField()
    business_value = models.TextField(blank=True)
    where_it_shows = models.TextField(blank=True)
    predictors = models.TextField(blank=True)
    cost_of_change = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="answers_number_once")
        ]

    def __str__(self) -> str:
        return f"Answers {self.number} of {self.workflow}"
