"""Workflows, environments and the tokens of their routers."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.names import name_of
from policies.api.shapes.people import NewToken
from policies.governance.risk_rules import ROLE_CHOICES, Condition
from policies.models import Environment, Release, RouterToken, Workflow
from policies.models.changes import CheckKind
from policies.models.tokens import TokenScope
from policies.models.workflows import StalenessRule
from policies.services.teams.environments import EnvironmentRules

LARGEST_SMALL = 32_767


def with_active_release(environments: QuerySet[Environment]) -> QuerySet[Environment]:
    """Environments each with the release in force, in two queries however many there are."""
    active = Release.objects.active().select_related("bundle")
    return environments.select_related("workflow__team").prefetch_related(
        Prefetch("releases", queryset=active, to_attr="releases_in_force")
    )


class ActiveReleaseSerializer(serializers.Serializer[Release]):
    number = serializers.IntegerField()
    digest = serializers.CharField(source="bundle.digest")
    published_at = serializers.DateTimeField()


class RiskRuleShape(serializers.Serializer[Any]):
    """More approvals where the measured impact is larger; what is not measured counts as so."""

    condition = serializers.ChoiceField([condition.value for condition in Condition])
    above = serializers.FloatField(allow_null=True, help_text="A share: 0.1 is 10 %.")
    approvals = serializers.IntegerField(help_text="How many more.")
    role = serializers.ChoiceField(ROLE_CHOICES, allow_null=True)


class EnvironmentSerializer(serializers.ModelSerializer[Environment]):
    """Protection rules, and what is in force."""

    required_checks = serializers.ListField(child=serializers.ChoiceField(CheckKind.choices))
    risk_rules = RiskRuleShape(many=True)
    active_release = serializers.SerializerMethodField()

    class Meta:
        model = Environment
        fields = [
            "name",
            "position",
            "required_approvals",
            "required_checks",
            "release_lifetime_days",
            "when_stale",
            "rollback_window_days",
            "risk_rules",
            "threads_must_be_resolved",
            "reauthenticate_to_approve",
            "delivered_share",
            "rules_version",
            "active_release",
        ]

    @extend_schema_field(ActiveReleaseSerializer(allow_null=True))
    def get_active_release(self, environment: Environment) -> dict[str, Any] | None:
        in_force: list[Release] = getattr(environment, "releases_in_force", [])
        return dict(ActiveReleaseSerializer(in_force[0]).data) if in_force else None


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    team = name_of("slug")
    environments = EnvironmentSerializer(many=True, read_only=True)

    class Meta:
        model = Workflow
        fields = [
            "slug",
            "name",
            "team",
            "objective",
            "success_criteria",
            "is_simulated",
            "created_at",
            "environments",
        ]


def shown_workflows(workflows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Workflows with all that their shape shows."""
    environments = Prefetch(
        "environments", queryset=with_active_release(Environment.objects.order_by("position"))
    )
    return workflows.select_related("team").prefetch_related(environments)


class RiskRuleBody(Body):
    """Approvals that a larger impact asks for on top; with a role, by people who hold it."""

    condition = serializers.ChoiceField([condition.value for condition in Condition])
    above = serializers.FloatField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        help_text="A share, where the condition has one: 0.1 is 10 %.",
    )
    approvals = serializers.IntegerField(required=False, default=1, min_value=0, max_value=10)
    role = serializers.ChoiceField(ROLE_CHOICES, required=False, allow_null=True, default=None)


class Rules(Body):
    """What may be said of an environment; what is left out stays as it is."""

    position = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SMALL)
    required_approvals = serializers.IntegerField(required=False, min_value=1, max_value=20)
    required_checks = serializers.ListField(
        child=serializers.ChoiceField(CheckKind.choices), required=False, max_length=20
    )
    release_lifetime_days = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_SMALL
    )
    when_stale = serializers.ChoiceField(StalenessRule.choices, required=False)
    rollback_window_days = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_SMALL
    )
    risk_rules = serializers.ListField(child=RiskRuleBody(), required=False, max_length=20)
    threads_must_be_resolved = serializers.BooleanField(required=False)
    reauthenticate_to_approve = serializers.BooleanField(required=False)
    delivered_share = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        help_text="Per cent of the routers that must have a release for it to be delivered.",
    )


class ChangedRules(Rules):
    """Rules to change; those that ask for less wait for a second person."""

    why = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20_000,
        help_text="Asked for where the rules ask for less.",
    )
    apply_now = serializers.BooleanField(
        required=False,
        help_text="Rules that ask for less bind open change requests, too, and void approvals.",
    )


class NewEnvironment(Rules):
    name = serializers.SlugField(max_length=40)


class NewWorkflow(Body):
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    team = serializers.SlugField(max_length=60, help_text="Short name of one of your teams.")
    objective = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    success_criteria = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


class WorkflowWords(Body):
    """What is left out stays as it is."""

    name = serializers.CharField(required=False, max_length=120)
    objective = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    success_criteria = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


def rules_from(said: dict[str, Any], present: EnvironmentRules | None = None) -> EnvironmentRules:
    """Rules with what was said in place of what is there."""
    base = present or EnvironmentRules()
    return EnvironmentRules(**{**vars(base), **said})


class ScopesField(serializers.ListField):
    """Some of what a token may open."""

    child = serializers.ChoiceField(TokenScope.choices)


class NewRouterToken(NewToken):
    scopes = ScopesField(
        required=False, min_length=1, help_text="What it opens; everything unless said."
    )


class RouterTokenSerializer(serializers.ModelSerializer[RouterToken]):
    """A token without its text, which only its issue shows."""

    environment = name_of("name")
    scopes = ScopesField()
    created_by = name_of("username")
    is_usable = serializers.BooleanField(read_only=True)

    class Meta:
        model = RouterToken
        fields = [
            "id",
            "name",
            "hint",
            "environment",
            "scopes",
            "created_by",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "is_usable",
        ]


class ReportedShape(serializers.Serializer[RouterToken]):
    """What came with a token and was kept."""

    outcomes = serializers.IntegerField(source="told_outcomes")
    requests_in_sums = serializers.IntegerField(
        source="told_requests_in_sums", help_text="Requests that its minute sums stand for."
    )
    feedback = serializers.IntegerField(
        source="told_feedback", help_text="Words that changed an outcome."
    )
    routers = serializers.IntegerField(source="told_routers")


class ReportingRouterTokenSerializer(RouterTokenSerializer):
    """A token of `with_reports`."""

    reported_in_24_hours = ReportedShape(
        source="*", read_only=True, help_text="Counted from the full hour before."
    )
    last_reported_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null when nothing counts that came with it."
    )

    class Meta(RouterTokenSerializer.Meta):
        fields = [*RouterTokenSerializer.Meta.fields, "reported_in_24_hours", "last_reported_at"]


class IssuedRouterTokenSerializer(RouterTokenSerializer):
    token = serializers.SerializerMethodField(help_text="Shown this once; only a hash is kept.")

    class Meta(RouterTokenSerializer.Meta):
        fields = [*RouterTokenSerializer.Meta.fields, "token"]

    def get_token(self, token: RouterToken) -> str:
        return str(self.context["plain"])


class Rotation(Body):
    overlap_hours = serializers.IntegerField(
        required=False, min_value=0, max_value=24 * 90, help_text="How long the old one works on."
    )
