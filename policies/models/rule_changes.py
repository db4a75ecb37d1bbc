"""Changes of what protects releases, where they need a second person: rules, roles, facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse

from policies.governance.permissions import CATALOGUE_ROLES
from policies.models.teams import Membership, Team
from policies.models.workflows import Environment, Workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class RuleChangeKind(models.TextChoices):
    ENVIRONMENT_RULES = "environment_rules", "Rules of an environment"
    EVIDENCE_PLAN = "evidence_plan", "Evidence plan"
    MEMBER_ROLE = "member_role", "Role of a person"
    CATALOGUE_FACTS = "catalogue_facts", "Catalogue entry of a model"


class RuleChangeState(models.TextChoices):
    PROPOSED = "proposed", "Waiting for a second person"
    APPLIED = "applied", "Applied"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class RuleChangeQuerySet(models.QuerySet["RuleChange"]):
    def visible_to(self, user: User | AnonymousUser) -> RuleChangeQuerySet:
        """Those of the person's teams and of the shared catalogue; all of them for a superuser.

        Whoever keeps the catalogue sees who else is to keep it by a role in a team without release.
        """
        if user.is_superuser:
            return self
        own = Membership.objects.filter(user_id=user.pk or 0)
        seen = models.Q(team__in=own.values("team")) | models.Q(team=None)
        released = Workflow.objects.filter(team=models.OuterRef("team"), releases__isnull=False)
        of_stewards = models.Q(
            ~models.Exists(released),
            models.Exists(own.filter(role__in=CATALOGUE_ROLES)),
            kind=RuleChangeKind.MEMBER_ROLE,
            proposed__role__in=CATALOGUE_ROLES,
        )
        return self.filter(seen | of_stewards)

    def waiting(self) -> RuleChangeQuerySet:
        return self.filter(state=RuleChangeState.PROPOSED)

    def with_related(self) -> RuleChangeQuerySet:
        return self.select_related(
            "team", "workflow__team", "environment__workflow__team", "proposed_by", "decided_by"
        )


class RuleChange(models.Model):
    """One change of the rules: what it replaces, what it loosens, and who agreed.

    `before` and `proposed` are plain JSON of one form, which the kind knows. What loosens nothing
    takes effect at once and alone, and so does everything before the first release (`alone`).
    """

    kind = models.CharField(max_length=20, choices=RuleChangeKind)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="rule_changes"
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, null=True, blank=True, related_name="rule_changes"
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, null=True, blank=True, related_name="rule_changes"
    )
    subject = models.CharField(max_length=200, help_text="What it is about, in words.")
    before = models.JSONField(default=dict)
    proposed = models.JSONField(default=dict)
    weakens = models.JSONField(default=list, help_text="Sentences: what asks for less.")
    why = models.TextField(blank=True)
    apply_now = models.BooleanField(
        default=False, help_text="Open change requests are bound by it, and lose their approvals."
    )
    alone = models.BooleanField(
        default=False, help_text="It loosened something while nothing was released yet."
    )
    state = models.CharField(max_length=10, choices=RuleChangeState)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)

    objects = RuleChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("proposed_by")),
                name="rule_change_by_two",
            ),
        ]

    def __str__(self) -> str:
        if self.environment_id:  # the subject says of which kind it is
            return f"{self.subject[:1].upper()}{self.subject[1:]}"
        return f"{self.get_kind_display()}: {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("rule-change", args=[self.pk])

    @property
    def is_waiting(self) -> bool:
        return self.state == RuleChangeState.PROPOSED
