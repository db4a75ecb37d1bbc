"""Checks, reviews, risks and remarks of a change request, and what a reviewer sends."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.names import name_of
from policies.governance.refusals import Reason
from policies.governance.risk_rules import Condition, RiskFinding
from policies.models import Comment, Review
from policies.models.changes import CheckKind, Verdict
from policies.services.review import checks, standings, threads

CONDITIONS = [condition.value for condition in Condition]


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


class StandingSerializer(serializers.Serializer[standings.Standing]):
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

    def get_approvals(self, standing: standings.Standing) -> list[str]:
        return [review.reviewer.get_username() for review in standing.approvals]

    def get_roles_missing(self, standing: standings.Standing) -> list[str]:
        return [short.sentence for short in standing.roles_short]

    def get_objections(self, standing: standings.Standing) -> list[str]:
        return [review.reviewer.get_username() for review in standing.objections]


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


class Acknowledgement(Body):
    names = serializers.ListField(
        child=serializers.CharField(max_length=500), max_length=500, allow_empty=False
    )


class Judgement(Body):
    reason = serializers.CharField(max_length=20_000)
    subject_digest = serializers.CharField(
        max_length=71,
        help_text="What you saw, as `subject_digest` of the change request says it; when the "
        "proposal is another by now, the answer is 409.",
    )


class NewComment(Body):
    body = serializers.CharField(max_length=20_000)
    anchor = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="JSON pointer into the bundle."
    )
    reply_to = serializers.IntegerField(
        required=False, min_value=1, help_text="The remark this answers; its place is that one's."
    )
