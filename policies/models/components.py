"""The four versioned interfaces, their contracts, and the bundles composed of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from policies.models.workflows import Workflow
from policies.wording.contracts import contract_part


class ComponentKind(models.TextChoices):
    REQUEST_CLASSIFICATION = "request_classification", "Request classification"
    ROUTER_POLICY = "router_policy", "Router policy"
    FALLBACK_MATRIX = "fallback_matrix", "Fallback matrix"
    QUALITY_THRESHOLDS = "quality_thresholds", "Quality thresholds"


class ComponentVersion(models.Model):
    """An immutable numbered document of a component; equal content is the same version."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    kind = models.CharField(max_length=30, choices=ComponentKind)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=71)
    intent = models.CharField(max_length=71, help_text="Digest of what it asks for.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "kind", "number"], name="version_number_once"
            ),
            models.UniqueConstraint(
                fields=["workflow", "kind", "digest"], name="version_content_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} v{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("component-version", args=[self.workflow.slug, self.kind, self.number])

    def classification(self) -> Any:
        """The document of the classification that it was last composed with; None where it never
        was. One query.
        """
        bundles = Bundle.objects.filter(**{self.kind: self}).order_by("-pk")
        return bundles.values_list("request_classification__document", flat=True).first()


class DocumentAuthor(models.Model):
    """Somebody who worked on a document when its content was first written in a workflow: by its
    digest, and by its intent, which stays in other words and on another base.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30, choices=ComponentKind)
    digest = models.CharField(
        max_length=71, help_text="Of the content or its intent, as versions have them."
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "kind", "digest", "user"], name="document_author_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} wrote {self.digest[:19]}"


class ComponentContract(models.Model):
    """Who answers for a component and what it promises; the highest number is in force."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="contracts")
    kind = models.CharField(max_length=30, choices=ComponentKind)
    number = models.PositiveIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_contracts"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Approves where the owner worked on the content, or may not review any more.",
    )
    inputs = models.TextField(blank=True)
    outputs = models.TextField(blank=True)
    failure = models.TextField(blank=True, help_text="What failure looks like.")
    humans_step_in = models.TextField(blank=True, help_text="When a person takes over.")
    playbook = models.TextField(blank=True, help_text="What to do then; Markdown.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "kind", "number"], name="contract_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"Contract {self.number} of {self.get_kind_display()}"

    @property
    def gaps(self) -> list[str]:
        """Names of the parts that say nothing yet."""
        parts = ("inputs", "outputs", "failure", "humans_step_in", "playbook")
        return [part for part in parts if not str(getattr(self, part)).strip()]

    @property
    def gaps_in_words(self) -> list[str]:
        return [contract_part(part) for part in self.gaps]


class Bundle(models.Model):
    """Four component versions and the catalogue entries they name, composed and immutable."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="bundles")
    digest = models.CharField(max_length=71)
    content = models.JSONField(help_text="The composed document; its canonical form is hashed.")
    meaning = models.CharField(
        max_length=71, db_index=True, help_text="Digest of what it does, apart from its words."
    )
    intent = models.CharField(
        max_length=71,
        db_index=True,
        help_text="Digest of what it asks for, whatever release it goes on from.",
    )
    request_classification = models.ForeignKey(
        ComponentVersion, on_delete=models.PROTECT, related_name="+"
    )
    router_policy = models.ForeignKey(ComponentVersion, on_delete=models.PROTECT, related_name="+")
    fallback_matrix = models.ForeignKey(
        ComponentVersion, on_delete=models.PROTECT, related_name="+"
    )
    quality_thresholds = models.ForeignKey(
        ComponentVersion, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "digest"], name="bundle_content_once")
        ]

    def __str__(self) -> str:
        return self.digest[:19]

    @property
    def documents(self) -> dict[str, Any]:
        """The four documents by kind, as they are in the content."""
        return {kind: self.content[kind] for kind in ComponentKind.values}

    @property
    def versions(self) -> dict[str, ComponentVersion]:
        return {kind: getattr(self, kind) for kind in ComponentKind.values}
