"""Change requests, what they must show, and what people said of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of, names_of, number_of
from policies.api.shapes.review import (
    AllowanceSerializer,
    CheckSerializer,
    ReasonSerializer,
    ReviewSerializer,
    StandingSerializer,
    allowance,
)
from policies.governance.transitions import TRANSITIONS, State
from policies.models import ChangeRequest
from policies.models.components import ComponentKind
from policies.services.review import guards
from policies.services.review.facts import touched_components
from policies.services.review.overlaps import overlaps_of

STATES = [(state.value, state.label) for state in State]


class ChangeSerializer(serializers.ModelSerializer[ChangeRequest]):
    """A change request in a list."""

    workflow = name_of("slug")
    environment = name_of("name")
    created_by = name_of("username")
    state = serializers.ChoiceField(STATES)
    digest = serializers.CharField(source="bundle.digest", help_text="Of the composed bundle.")
    base_digest = serializers.CharField(allow_blank=True)
    base_release = number_of("base_release")
    repairs = number_of("repairs")
    scheduled_by = name_of("username", nullable=True)
    schedule_failure = ReasonSerializer(
        many=True, help_text="Why it did not go out at its time, if it did not."
    )

    class Meta:
        model = ChangeRequest
        fields = [
            "workflow",
            "number",
            "environment",
            "title",
            "why",
            "state",
            "created_by",
            "digest",
            "base_digest",
            "base_release",
            "repairs",
            "created_at",
            "updated_at",
            "submitted_at",
            "approved_at",
            "closed_at",
            "publish_at",
            "scheduled_by",
            "schedule_failed_at",
            "schedule_failure",
        ]


class ActionsSerializer(serializers.Serializer[Any]):
    """For each thing that can be done to a change request: may the caller do it now?"""

    def get_fields(self) -> dict[str, Any]:
        return {action: AllowanceSerializer() for action in TRANSITIONS}


class OverlapSerializer(serializers.Serializer[Any]):
    """Another open change request on the same components of the same environment."""

    number = serializers.IntegerField(source="other.number")
    title = serializers.CharField(source="other.title")
    state = serializers.ChoiceField(STATES, source="other.state")
    components = serializers.ListField(
        child=serializers.ChoiceField(ComponentKind.choices), source="kinds"
    )


class ChangeDetailSerializer(ChangeSerializer):
    """All that a reviewer needs to decide, and what the caller may do."""

    contributors = names_of("username")
    draft = serializers.IntegerField(source="draft_id", allow_null=True)
    acknowledged = serializers.ListField(child=serializers.CharField())
    versions = serializers.SerializerMethodField(help_text="Version number of each component.")
    touched = serializers.SerializerMethodField(help_text="Components that differ from the base.")
    subject_digest = serializers.SerializerMethodField(
        help_text="What an approval would be bound to: content, base, environment, time, words, "
        "what it repairs, acknowledged warnings, evidence and impact. To be sent with every review."
    )
    checks = serializers.SerializerMethodField()
    standing = serializers.SerializerMethodField()
    reviews = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()
    overlaps = serializers.SerializerMethodField()

    class Meta(ChangeSerializer.Meta):
        fields = [
            *ChangeSerializer.Meta.fields,
            "contributors",
            "draft",
            "acknowledged",
            "versions",
            "touched",
            "subject_digest",
            "checks",
            "standing",
            "reviews",
            "actions",
            "overlaps",
        ]

    def to_representation(self, instance: ChangeRequest) -> dict[str, Any]:
        self.situation = guards.Situation(instance, self.context["request"].user)
        return super().to_representation(instance)

    def get_versions(self, change: ChangeRequest) -> dict[str, int]:
        return {kind: version.number for kind, version in change.bundle.versions.items()}

    def get_touched(self, change: ChangeRequest) -> list[str]:
        return touched_components(change)

    def get_subject_digest(self, change: ChangeRequest) -> str:
        return self.situation.standing.subject_digest

    @extend_schema_field(CheckSerializer(many=True))
    def get_checks(self, change: ChangeRequest) -> object:
        return CheckSerializer(self.situation.states, many=True).data

    @extend_schema_field(StandingSerializer)
    def get_standing(self, change: ChangeRequest) -> object:
        return StandingSerializer(self.situation.standing).data

    @extend_schema_field(ReviewSerializer(many=True))
    def get_reviews(self, change: ChangeRequest) -> object:
        return ReviewSerializer(self.situation.reviews, many=True).data

    @extend_schema_field(ActionsSerializer)
    def get_actions(self, change: ChangeRequest) -> dict[str, Any]:
        met = self.situation
        return {
            action: allowance(guards.why_not(action, change, met.user, met))
            for action in TRANSITIONS
        }

    @extend_schema_field(OverlapSerializer(many=True))
    def get_overlaps(self, change: ChangeRequest) -> object:
        return [OverlapSerializer(overlap).data for overlap in overlaps_of(change)]


class WhoseQuery(PageQuery):
    state = serializers.ChoiceField([*STATES, ("open", "Open")], required=False)
    environment = serializers.SlugField(required=False, max_length=40)
    mine = serializers.BooleanField(required=False, help_text="Only those I worked on.")
    awaiting_my_review = serializers.BooleanField(
        required=False, help_text="Only those in review that I may judge and have not yet."
    )


def repairs_field() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Number of the release of that environment that failed and that this repairs.",
    )


class NewChange(Body):
    draft = serializers.IntegerField(min_value=1)
    environment = serializers.SlugField(max_length=40)
    title = serializers.CharField(max_length=160)
    why = serializers.CharField(max_length=20_000, help_text="What it should achieve; why now.")
    repairs = repairs_field()


class ChangeWords(Body):
    """What is left out stays as it is; null for `repairs` says that it repairs nothing. Whatever
    changes voids approvals."""

    environment = serializers.SlugField(required=False, max_length=40)
    title = serializers.CharField(required=False, max_length=160)
    why = serializers.CharField(required=False, max_length=20_000)
    repairs = repairs_field()
