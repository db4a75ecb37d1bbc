"""Change requests: a proposed bundle, what it must show, and who said what about it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse

from policies.governance.protection_rules import ProtectionRules
from policies.governance.transitions import OPEN_STATES, State
from policies.models.components import Bundle, ComponentKind
from policies.models.drafts import Draft
from policies.models.evidence import EvidencePlan
from policies.models.releases import Release
from policies.models.teams import Membership
from policies.models.workflows import Environment, Workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


STATE_CHOICES = [(state.value, state.label) for state in State]


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, user: User | AnonymousUser) -> ChangeRequestQuerySet:
        if user.is_superuser:
            return self
        return self.filter(
            workflow__team__in=Membership.objects.filter(user_id=user.pk or 0).values("team")
        )

    def open(self) -> ChangeRequestQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def due_at(self, moment: datetime.datetime) -> ChangeRequestQuerySet:
        """Those whose time to publish themselves has come, and was not tried yet."""
        return self.open().filter(publish_at__lte=moment, schedule_failed_at=None)

    def to_act_on(self) -> ChangeRequestQuerySet:
        """What leads to an act on a change request; the act reads the rest under its lock."""
        return self.select_related("workflow__team")

    def to_judge(self) -> ChangeRequestQuerySet:
        """What the rules are held against, in one go."""
        rows = self.to_act_on().select_related(
            "environment", "bundle", "base_release__bundle", "evidence_plan", "repairs"
        )
        return rows.defer("repairs__body", "repairs__signature")

    def with_related(self) -> ChangeRequestQuerySet:
        """What every page about a change request reads, in one go."""
        return self.to_judge().select_related("created_by", "scheduled_by")

    def for_review(self) -> ChangeRequestQuerySet:
        """What the review page reads besides: the draft, the versions without their documents,
        which are in the bundles, as `goes_on` whether another environment comes after, and as
        `has_company` whether others are open for the same environment."""
        versions = [
            f"{bundle}__{kind}"
            for bundle in ("bundle", "base_release__bundle")
            for kind in ComponentKind.values
        ]
        later = Environment.objects.filter(
            workflow=models.OuterRef("workflow"),
            position__gt=models.OuterRef("environment__position"),
        )
        rows = self.with_related().select_related("draft", *versions)
        rows = rows.defer("base_release__body", *(f"{version}__document" for version in versions))
        others = ChangeRequest.objects.open().filter(environment=models.OuterRef("environment"))
        return rows.annotate(
            goes_on=models.Exists(later),
            has_company=models.Exists(others.exclude(pk=models.OuterRef("pk"))),
        )


class ChangeRequest(models.Model):
    """A proposed new bundle for one environment of a workflow."""

    State = State

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="changes")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    why = models.TextField(help_text="What it should achieve, and why now.")
    state = models.CharField(max_length=20, choices=STATE_CHOICES, default=State.DRAFT)
    draft = models.OneToOneField(
        Draft, on_delete=models.PROTECT, null=True, blank=True, related_name="change"
    )
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="changes")
    base_release = models.ForeignKey(
        Release, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    repairs = models.ForeignKey(
        Release,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="repair_changes",
        help_text="The release of its environment that it repairs; part of what is approved.",
    )
    evidence_plan = models.ForeignKey(
        EvidencePlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="changes",
        help_text="What its evidence is held to; empty where its environment had no plan.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="changes"
    )
    contributors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="contributed_changes"
    )
    acknowledged = models.JSONField(default=list, help_text="Names of warnings accepted by name.")
    rules = models.JSONField(
        help_text="What it has to satisfy: the environment's rules when it was opened, and since "
        "then only more."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(
        null=True, blank=True, help_text="When it publishes itself; part of what is approved."
    )
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    schedule_failed_at = models.DateTimeField(null=True, blank=True)
    schedule_failure = models.JSONField(
        default=list, help_text="The obstacles met when the time had come."
    )

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="change_number_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in State]), name="state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("change", args=[self.workflow.slug, self.number])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def protection(self) -> ProtectionRules:
        """The rules that bind it, which may be stricter than the environment's of today."""
        return ProtectionRules.read(self.rules)

    @property
    def base_digest(self) -> str:
        """Digest of the content this change was compared with; empty for a first release."""
        return self.base_release.bundle.digest if self.base_release else ""


class Verdict(models.TextChoices):
    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    MISSING = "missing", "Missing"


class CheckKind(models.TextChoices):
    STATIC_ANALYSIS = "static_analysis", "Static analysis"
    SHADOW_EVALUATION = "shadow_evaluation", "Shadow evaluation"
    CONTRACTS = "contracts", "Complete contracts"
    BASE_UP_TO_DATE = "base_up_to_date", "Up-to-date base"
    IMPACT = "impact", "Blast radius"
    CATALOGUE = "catalogue", "Unmoved catalogue"


class Check(models.Model):
    """Evidence for or against a change request, valid only for the content it looked at."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="checks")
    kind = models.CharField(max_length=30, choices=CheckKind)
    verdict = models.CharField(max_length=12, choices=Verdict)
    summary = models.TextField(help_text="One or two sentences a reviewer reads first.")
    resolve = models.TextField(blank=True, help_text="What would make it pass.")
    detail = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    bundle_digest = models.CharField(max_length=71)
    base_digest = models.CharField(max_length=71, blank=True)
    evidence_digest = models.CharField(max_length=71)
    evidence_plan = models.ForeignKey(
        EvidencePlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The plan it was measured on; empty where the kind of check has none.",
    )
    valid_until = models.DateTimeField(
        null=True, blank=True, help_text="When it is no longer fresh; empty where it stays so."
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_verdict_display()}"


class ReviewVerdict(models.TextChoices):
    APPROVE = "approve", "Approved"
    REQUEST_CHANGES = "request_changes", "Changes requested"
    REJECT = "reject", "Rejected"


class ReviewQuerySet(models.QuerySet["Review"]):
    def standing(self) -> ReviewQuerySet:
        return self.filter(voided_at=None)


class Review(models.Model):
    """What one person said of one exact proposal; `subject_digest` names that proposal."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews"
    )
    verdict = models.CharField(max_length=16, choices=ReviewVerdict)
    reason = models.TextField()
    subject_digest = models.CharField(max_length=71)
    meaning = models.CharField(
        max_length=71, help_text="Digest of what the content does that it was said of."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_because = models.CharField(max_length=200, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "reviewer"],
                condition=models.Q(voided_at=None),
                name="one_standing_review_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.get_verdict_display()}"


class CommentQuerySet(models.QuerySet["Comment"]):
    def threads(self) -> CommentQuerySet:
        """What starts a thread: said of one place of the bundle. Plain remarks resolve nothing."""
        return self.filter(parent=None).exclude(anchor="")


class Comment(models.Model):
    """A remark in the discussion, or an answer to one.

    `anchor` is a JSON pointer into the bundle as it was then, or empty; `anchor_path` leads to the
    same place by the names of entries, so that it is found again after others were moved.
    """

    change = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    anchor = models.CharField(max_length=300, blank=True)
    anchor_words = models.CharField(max_length=300, blank=True)
    anchor_path = models.JSONField(default=list)
    anchor_digest = models.CharField(max_length=71, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author} on {self.change}"

    @property
    def is_open_thread(self) -> bool:
        """Whether it starts a thread that nobody has resolved."""
        return self.parent_id is None and bool(self.anchor) and self.resolved_at is None
