"""Running routers: who runs what, and how a release spread."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import PageQuery
from policies.fleet.convergence import Convergence
from policies.fleet.report import LARGEST_INTEGER, LONGEST_NAME
from policies.fleet.standing import Standing
from policies.models import Release, RouterInstance
from policies.services.routers.convergence import Fleet, convergence_of, spread_of
from policies.services.routers.instances import STATES, standings_of


class CurvePointShape(serializers.Serializer[Any]):
    seconds = serializers.FloatField(help_text="Since the release was published.")
    share = serializers.FloatField(help_text="Of the routers that waited: 0.5 is half.")


class ConvergenceShape(serializers.Serializer[Any]):
    """How a release spread over the routers that ran when it was published."""

    sentence = serializers.CharField(help_text="Who has it, in words; empty once it is retired.")
    delivered_at = serializers.DateTimeField(
        allow_null=True, help_text="When the environment's share of its routers had it first."
    )
    waiting = serializers.IntegerField(help_text="Routers that ran when it was published.")
    arrived = serializers.IntegerField(help_text="Those of them that took it up.")
    p50_s = serializers.FloatField(allow_null=True, help_text="Null while fewer have it.")
    p99_s = serializers.FloatField(allow_null=True, help_text="Null while fewer have it.")
    last_s = serializers.FloatField(allow_null=True, help_text="The latest arrival so far.")
    curve = CurvePointShape(many=True)


def convergence_json(release: Release, found: Convergence | None = None) -> dict[str, Any]:
    """The convergence of a release, as ConvergenceShape says."""
    found = found or convergence_of(release)
    return {
        "sentence": spread_of(release).sentence if release.is_active else "",
        "delivered_at": release.delivered_at,
        "waiting": found.waiting,
        "arrived": found.arrived,
        "p50_s": found.p50_s,
        "p99_s": found.p99_s,
        "last_s": found.last_s,
        "curve": [{"seconds": point.seconds, "share": point.share} for point in found.curve],
    }


class StandingCountsShape(serializers.Serializer[Any]):
    """Routers of each standing; one router can be of several."""

    def get_fields(self) -> dict[str, Any]:
        return {str(standing): serializers.IntegerField() for standing in Standing}


class FleetSerializer(serializers.Serializer[Fleet]):
    """The routers of an environment."""

    environment = serializers.CharField(source="environment.name")
    release = serializers.IntegerField(
        source="in_force.number", allow_null=True, default=None, help_text="The one in force."
    )
    routers = serializers.IntegerField(help_text="All that may run, silent ones too.")
    unheard = serializers.IntegerField(
        source="spread.unheard",
        default=0,
        help_text="Those of them that are silent and have not confirmed the release in force.",
    )
    gone = serializers.IntegerField(help_text="Ended, or silent for long; they count nowhere else.")
    counts = StandingCountsShape()
    delivered_share = serializers.IntegerField(
        source="environment.delivered_share", help_text="Per cent that must have the release."
    )
    delivered = serializers.BooleanField(source="is_delivered")
    drift_since = serializers.SerializerMethodField(
        help_text="Since when routers run something else, once that was told."
    )
    convergence = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_drift_since(self, fleet: Fleet) -> str | None:
        began: str | None = self.context["drift_since"]
        return began

    @extend_schema_field(ConvergenceShape(allow_null=True))
    def get_convergence(self, fleet: Fleet) -> dict[str, Any] | None:
        return convergence_json(fleet.in_force) if fleet.in_force else None


class RouterErrorShape(serializers.Serializer[Any]):
    kind = serializers.CharField()
    message = serializers.CharField()
    at = serializers.DateTimeField(help_text="By the router's own clock.")
    count = serializers.IntegerField()


class RouterInstanceSerializer(serializers.ModelSerializer[RouterInstance]):
    """A running router, as it last reported itself."""

    labels = serializers.DictField(child=serializers.CharField())
    reported_errors = RouterErrorShape(many=True, source="errors")
    troubles = serializers.SerializerMethodField(help_text="What is the matter, worst first.")

    class Meta:
        model = RouterInstance
        fields = [
            "instance_id",
            "troubles",
            "active_number",
            "active_digest",
            "pending_number",
            "pending_digest",
            "source",
            "region",
            "labels",
            "client_name",
            "client_version",
            "skew_ms",
            "shared_since",
            "reported_errors",
            "last_success_at",
            "started_at",
            "first_seen_at",
            "last_seen_at",
        ]

    def get_troubles(self, instance: RouterInstance) -> list[str]:
        return [str(standing) for standing, _ in standings_of(instance)]


class InstanceQuery(PageQuery):
    trouble = serializers.ChoiceField(
        [(state, state) for state in STATES], required=False, help_text="Only those of a standing."
    )
    release = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_INTEGER)
    region = serializers.CharField(required=False, max_length=LONGEST_NAME)
    version = serializers.CharField(required=False, max_length=LONGEST_NAME)
    search = serializers.CharField(
        required=False, max_length=LONGEST_NAME, help_text="Part of a name."
    )
