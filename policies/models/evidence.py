"""Evidence plans: what an environment asks of evidence, each version as it was set."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from policies.governance.evidence_plans import PlanTerms
from policies.models.workflows import Environment


class EvidencePlanQuerySet(models.QuerySet["EvidencePlan"]):
    def in_force(self, environment: Environment) -> EvidencePlan | None:
        """The newest version; None where no plan was ever set."""
        return self.filter(environment=environment).order_by("-version").first()


class EvidencePlan(models.Model):
    """One version; never edited. The columns from `datasets` on are those of `PlanTerms`."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="evidence_plans"
    )
    version = models.PositiveIntegerField()
    datasets = models.JSONField(help_text="[{digest, name}, …]")
    adequate_at = models.FloatField()
    timeout_ms = models.JSONField(default=dict)
    min_moved = models.PositiveIntegerField()
    min_clusters = models.PositiveIntegerField()
    sealed_share = models.FloatField()
    fresh_days = models.PositiveSmallIntegerField()
    note = models.TextField(blank=True)
    set_alone = models.BooleanField(
        default=False, help_text="Set by one person before the environment's first release."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EvidencePlanQuerySet.as_manager()

    class Meta:
        ordering = ["environment", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "version"], name="evidence_plan_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"Evidence plan {self.version} of {self.environment}"

    @property
    def terms(self) -> PlanTerms:
        return PlanTerms.from_json(vars(self))
