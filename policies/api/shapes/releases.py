"""Releases: what is and was in force, and the way back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of, number_of
from policies.api.shapes.fleet import ConvergenceShape, convergence_json
from policies.api.shapes.review import AllowanceSerializer, allowance
from policies.models import Release
from policies.services.authoring.catalogue_moves import catalogue_moves
from policies.services.releases.publication import why_not_roll_back


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    workflow = name_of("slug")
    environment = name_of("name")
    digest = serializers.CharField(source="bundle.digest")
    change = number_of("change")
    restores = number_of("restores")
    repairs = number_of("repairs")
    repaired_by = serializers.SerializerMethodField(
        help_text="Numbers of the change requests that were published to repair it."
    )
    published_by = name_of("username")
    approved_by = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    owes_review = serializers.BooleanField(
        help_text="Whether its content once went out without its reviews, which are owed still."
    )

    class Meta:
        model = Release
        fields = [
            "workflow",
            "environment",
            "number",
            "kind",
            "digest",
            "is_active",
            "owes_review",
            "change",
            "restores",
            "repairs",
            "repaired_by",
            "reason",
            "published_by",
            "approved_by",
            "published_at",
            "retired_at",
            "not_after",
            "delivered_at",
            "etag",
        ]

    def get_repaired_by(self, release: Release) -> list[int]:
        return [change.number for change in release.repair_changes.all() if not change.is_open]


class ReleaseDetailSerializer(ReleaseSerializer):
    """A release with its content, and whether the caller may restore it now."""

    bundle = serializers.DictField(source="bundle.content")
    signature = serializers.CharField(help_text="Detached JWS over the body routers receive.")
    attestation = serializers.DictField(
        help_text="Who approved and published it, on which evidence; empty for releases of before."
    )
    roll_back = serializers.SerializerMethodField()
    catalogue_moved = serializers.SerializerMethodField(
        help_text="While it is active: what the catalogue says otherwise now, in sentences."
    )

    convergence = serializers.SerializerMethodField()

    class Meta(ReleaseSerializer.Meta):
        fields = [
            *ReleaseSerializer.Meta.fields,
            "signature",
            "attestation",
            "roll_back",
            "catalogue_moved",
            "convergence",
            "bundle",
        ]

    def get_catalogue_moved(self, release: Release) -> list[str]:
        moved = catalogue_moves(release.bundle.content) if release.is_active else []
        return [found.sentence for found in moved]

    @extend_schema_field(ConvergenceShape)
    def get_convergence(self, release: Release) -> dict[str, Any]:
        return convergence_json(release)

    @extend_schema_field(AllowanceSerializer)
    def get_roll_back(self, release: Release) -> dict[str, Any]:
        return allowance(why_not_roll_back(release, self.context["request"].user))


class SignedReleaseSerializer(serializers.Serializer[Any]):
    """A release as a file, to be kept and judged without the console."""

    body = serializers.CharField(help_text="The exact text that is signed.")
    signature = serializers.CharField(help_text="Detached JWS over the UTF-8 bytes of the body.")
    keys = serializers.ListField(
        child=serializers.DictField(), help_text="The published keys, as a JWK Set has them."
    )
    revoked = serializers.ListField(
        child=serializers.DictField(), help_text="Keys that are not to be believed any more."
    )


class ReleaseQuery(PageQuery):
    environment = serializers.SlugField(required=False, max_length=40)
    active = serializers.BooleanField(required=False, help_text="Only those in force now.")


class RollBack(Body):
    reason = serializers.CharField(max_length=20_000)


class Promotion(Body):
    environment = serializers.SlugField(max_length=40, help_text="Where the content goes next.")
    why = serializers.CharField(max_length=20_000)
