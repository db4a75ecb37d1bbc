"""Change requests, what they must show, and what people said of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of, names_of, number_of
from policies.governance.refusals import Reason
from policies.governance.risk_rules import Condition, RiskFinding
from policies.governance.transitions import TRANSITIONS, State
from policies.models import ChangeRequest, Comment, Review
from policies.models.changes import CheckKind, Verdict
from policies.services.review import checks, guards, threads
from policies.services.review.facts import touched_components

CONDITIONS = [condition.value for condition in Condition]
STATES = [(state.value, state.label) for state in State]


class ReasonSerializer(serializers.Serializer[Reason]):
    """One obstacle."""

    code = serializers.CharField(help_text="Stable, for programs.")
    sentence = serializers.CharField()
    resolve = serializers.CharField(allow_blank=True, help_text="What would remove it.")


class AllowanceSerializer(serializers.Serializer[Any]):
    """Whether the caller may do something now, and if not, every reason why."""

    allowed = serializers.BooleanField()
    reasons = ReasonSerializer(many=True)


def allowance(reasons: list[Reason]) -> dict[str, Any]:
    return {"allowed": not reasons, "reasons": [reason.as_dict() for reason in reasons]}


class CheckSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(CheckKind.choices)
    title = serializers.CharField(source="label")
    verdict = serializers.ChoiceField(Verdict.choices)
    summary = serializers.CharField()
    resolve = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True, help_text="Page with the evidence, if any.")
    evidence_digest = serializers.CharField(allow_blank=True)
    detail = serializers.SerializerMethodField()

    def get_detail(self, state: checks.CheckState) -> dict[str, Any]:
        return state.check.detail if state.check else {}


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """What one person said; void when the proposal is no longer what they saw."""

    reviewer = name_of("username")

    class Meta:
        model = Review
        fields = [
            "id",
            "reviewer",
            "verdict",
            "reason",
            "subject_digest",
            "created_at",
            "voided_at",
            "voided_because",
        ]


class RiskFindingSerializer(serializers.Serializer[RiskFinding]):
    """A rule on risk of the environment, held against the measured impact."""

    condition = serializers.ChoiceField(CONDITIONS, source="rule.condition")
    above = serializers.FloatField(source="rule.above", allow_null=True)
    approvals = serializers.IntegerField(source="rule.approvals", help_text="Added by it.")
    role = serializers.CharField(source="rule.role", allow_null=True)
    applies = serializers.BooleanField()
    is_known = serializers.BooleanField(help_text="What is not measured counts as risky.")
    sentence = serializers.CharField()


class StandingSerializer(serializers.Serializer[guards.Standing]):
    """Where the approvals stand. `owners_missing` names component owners still to approve."""

    approvals = serializers.SerializerMethodField()
    objections = serializers.SerializerMethodField()
    required_approvals = serializers.IntegerField(source="required")
    owners_missing = serializers.ListField(child=serializers.CharField())
    roles_missing = serializers.SerializerMethodField(
        help_text="What rules on risk ask for and is missing, in sentences."
    )
    risks = RiskFindingSerializer(source="quorum.risks", many=True)
    is_enough = serializers.BooleanField()

    def get_approvals(self, standing: guards.Standing) -> list[str]:
        return [review.reviewer.get_username() for review in standing.approvals]

    def get_roles_missing(self, standing: guards.Standing) -> list[str]:
        return [short.sentence for short in standing.roles_short]

    def get_objections(self, standing: guards.Standing) -> list[str]:
        return [review.reviewer.get_username() for review in standing.objections]


class ChangeSerializer(serializers.ModelSerializer[ChangeRequest]):
    """A change request in a list."""

    workflow = name_of("slug")
    environment = name_of("name")
    created_by = name_of("username")
    state = serializers.ChoiceField(STATES)
    digest = serializers.CharField(source="bundle.digest", help_text="Of the composed bundle.")
    base_digest = serializers.CharField(allow_blank=True)
    base_release = number_of("base_release")
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


class ChangeDetailSerializer(ChangeSerializer):
    """All that a reviewer needs to decide, and what the caller may do."""

    contributors = names_of("username")
    draft = serializers.IntegerField(source="draft_id", allow_null=True)
    acknowledged = serializers.ListField(child=serializers.CharField())
    versions = serializers.SerializerMethodField(help_text="Version number of each component.")
    touched = serializers.SerializerMethodField(help_text="Components that differ from the base.")
    subject_digest = serializers.SerializerMethodField(
        help_text="What an approval would be bound to: content, base, environment and evidence."
    )
    checks = serializers.SerializerMethodField()
    standing = serializers.SerializerMethodField()
    reviews = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

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
        ]

    def to_representation(self, instance: ChangeRequest) -> dict[str, Any]:
        self.situation = guards.Situation(instance, self.context["request"].user)
        return super().to_representation(instance)

    def get_versions(self, change: ChangeRequest) -> dict[str, int]:
        return {kind: version.number for kind, version in change.bundle.versions.items()}

    def get_touched(self, change: ChangeRequest) -> list[str]:
        return touched_components(change)

    def get_subject_digest(self, change: ChangeRequest) -> str:
        return guards.subject_digest(change, self.situation.states)

    @extend_schema_field(CheckSerializer(many=True))
    def get_checks(self, change: ChangeRequest) -> object:
        return CheckSerializer(self.situation.states, many=True).data

    @extend_schema_field(StandingSerializer)
    def get_standing(self, change: ChangeRequest) -> object:
        return StandingSerializer(guards.standing_of(change, self.situation)).data

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


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a thread's place is now: the same, changed, or gone (then the pointer is the old)."""

    pointer = serializers.CharField()
    standing = serializers.ChoiceField(["same", "changed", "gone"])


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """`anchor` is the place as it was then; `place` says where that is in the present content."""

    author = name_of("username")
    reply_to = serializers.IntegerField(source="parent_id", allow_null=True)
    resolved_by = name_of("username", nullable=True)
    place = serializers.SerializerMethodField()

    class Meta:
        model = Comment
        fields = [
            "id",
            "author",
            "body",
            "anchor",
            "anchor_words",
            "place",
            "reply_to",
            "resolved_at",
            "resolved_by",
            "created_at",
        ]

    @extend_schema_field(PlaceSerializer(allow_null=True))
    def get_place(self, comment: Comment) -> dict[str, Any] | None:
        if not comment.anchor:
            return None
        thread = threads.thread_of(comment, comment.change.bundle.content)
        return {"pointer": thread.pointer, "standing": thread.standing}


class WhoseQuery(PageQuery):
    state = serializers.ChoiceField([*STATES, ("open", "Open")], required=False)
    environment = serializers.SlugField(required=False, max_length=40)
    mine = serializers.BooleanField(required=False, help_text="Only those I worked on.")
    awaiting_my_review = serializers.BooleanField(
        required=False, help_text="Only those in review that I may judge and have not yet."
    )


class NewChange(Body):
    draft = serializers.IntegerField(min_value=1)
    environment = serializers.SlugField(max_length=40)
    title = serializers.CharField(max_length=160)
    why = serializers.CharField(max_length=20_000, help_text="What it should achieve; why now.")


class ChangeWords(Body):
    """What is left out stays as it is. Another environment voids approvals."""

    environment = serializers.SlugField(required=False, max_length=40)
    title = serializers.CharField(required=False, max_length=160)
    why = serializers.CharField(required=False, max_length=20_000)


class Acknowledgement(Body):
    names = serializers.ListField(
        child=serializers.CharField(max_length=500), max_length=500, allow_empty=False
    )


class Judgement(Body):
    reason = serializers.CharField(max_length=20_000)
    subject_digest = serializers.CharField(
        required=False,
        max_length=71,
        help_text="What you saw; when the proposal is another by now, the answer is 409.",
    )


class NewComment(Body):
    body = serializers.CharField(max_length=20_000)
    anchor = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="JSON pointer into the bundle."
    )
    reply_to = serializers.IntegerField(
        required=False, min_value=1, help_text="The remark this answers; its place is that one's."
    )
