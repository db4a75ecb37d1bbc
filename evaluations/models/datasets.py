"""Datasets: frozen, content-addressed sets of recorded requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from evaluations.datasets.storage import dataset_path
from policies.models import Workflow

# The way in → the end of a sentence.
WAYS = {
    "browser": "in the browser",
    "rest": "over REST",
    "command": "from the command line",
    "task": "by a task",
}


def dataset_folder() -> Path:
    """Where Parquet files lie; all workers and web processes must see the same folder."""
    return Path(settings.DATA_DIR) / "datasets"


class Dataset(models.Model):
    """The rows lie in a file named by the digest; this row says what they are and whose."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=71)
    summary = models.JSONField(default=dict)
    prices = models.JSONField(
        null=True, blank=True, help_text="The price table of its day, as imported beside it."
    )
    source_name = models.CharField(max_length=255, help_text="Name of the imported file.")
    is_simulated = models.BooleanField(
        default=False, help_text="The requests are made up, and every page says so."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    imported_from = models.CharField(
        max_length=20,
        blank=True,
        help_text="The way in, as the audit trail names it: browser, rest, command or task.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "digest"], name="dataset_content_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.workflow.slug, self.pk])

    @property
    def path(self) -> Path:
        return dataset_path(dataset_folder(), self.digest)

    @property
    def requests(self) -> int:
        return int(self.summary.get("requests", 0))

    @property
    def origin(self) -> str:
        """Where the rows come from, as whoever imported them says."""
        return "simulated" if self.is_simulated else "uploaded"

    @property
    def way(self) -> str:
        """How it was brought in, as the end of a sentence; empty where nobody kept that."""
        return WAYS.get(self.imported_from, "")

    @property
    def provenance(self) -> str:
        """Where it comes from, who brought it in, when, and by which way."""
        by = self.created_by
        who = (by.get_full_name() or by.get_username()) if by else "nobody known"
        told = f"{self.origin} by {who} on {self.created_at:%-d %b %Y}"
        return f"{told} {self.way}".rstrip()

    @property
    def is_full(self) -> bool:
        """Whether each request has a recorded call of each model."""
        return bool(self.summary.get("shape") == "full")

    @property
    def model_counts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.summary.get("models", {})
        return found

    @property
    def priced_models(self) -> tuple[str, ...]:
        """Models every recorded call of which has a cost: the oracle chooses among them."""
        return tuple(name for name, counts in self.model_counts.items() if not counts["null_cost"])
