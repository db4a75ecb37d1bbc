"""Workflows and the environments their releases apply in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

from policies.governance.protection_rules import ProtectionRules
from policies.models.teams import Membership, Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class WorkflowQuerySet(models.QuerySet["Workflow"]):
    def visible_to(self, user: User | AnonymousUser) -> WorkflowQuerySet:
        """Workflows of the teams this person belongs to; all of them for a superuser."""
        if user.is_superuser:
            return self
        return self.filter(team__in=Membership.objects.filter(user_id=user.pk or 0).values("team"))


class Workflow(models.Model):
    """One use of models with business value."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="workflows")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    objective = models.TextField(blank=True)
    success_criteria = models.TextField(blank=True)
    is_simulated = models.BooleanField(
        default=False, help_text="Its traffic is made up, and every page with figures says so."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkflowQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("workflow", args=[self.slug])


class StalenessRule(models.TextChoices):
    SERVE_STALE = "serve_stale", "Go on serving it"
    REFUSE = "refuse", "Refuse to decide"


def default_required_checks() -> list[str]:
    """Every check a change request must pass unless an environment asks for fewer."""
    return ["static_analysis", "shadow_evaluation", "contracts", "base_up_to_date", "catalogue"]


class Environment(models.Model):
    """Where releases apply, with its own protection rules."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="environments")
    name = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of promotion.")
    required_approvals = models.PositiveSmallIntegerField(default=1)
    required_checks = models.JSONField(default=default_required_checks)
    release_lifetime_days = models.PositiveSmallIntegerField(
        default=365, help_text="Days until a release that was not renewed counts as stale."
    )
    when_stale = models.CharField(
        max_length=12, choices=StalenessRule, default=StalenessRule.SERVE_STALE
    )
    rollback_window_days = models.PositiveSmallIntegerField(
        default=30, help_text="For so long an earlier release may be restored without new review."
    )
    risk_rules = models.JSONField(
        default=list,
        help_text="What larger impact asks for besides.",
    )
    threads_must_be_resolved = models.BooleanField(default=False)
    reauthenticate_to_approve = models.BooleanField(
        default=False, help_text="Approving and publishing need a password entered just before."
    )
    delivered_share = models.PositiveSmallIntegerField(
        default=100,
        help_text="Per cent of the routers that must have a release for it to be delivered.",
    )
    rules_version = models.PositiveIntegerField(
        default=1, help_text="Raised by every change of these rules; the audit trail has each."
    )

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "name"], name="environment_once"),
            models.CheckConstraint(
                condition=models.Q(required_approvals__gte=1), name="someone_else_approves"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow.slug}/{self.name}"

    @property
    def protection(self) -> ProtectionRules:
        """What a change request opened now has to satisfy."""
        return ProtectionRules.read(vars(self))
