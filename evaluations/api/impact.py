"""The blast radius over REST: of a change request, and of a draft as it is saved."""

from __future__ import annotations

from typing import Any

import duckdb
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.impact import Impact
from evaluations.impact.wording import summary
from evaluations.services.impact import checking
from evaluations.services.impact import measuring as impacts
from policies.api.access import change_or_404, draft_or_404
from policies.api.operation import operation


class Unmeasured(APIException):
    """The recorded requests cannot be read."""

    status_code = 503
    default_detail = "The recorded requests cannot be read now."
    default_code = "unmeasured"


class SourceShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["dataset", "week", "nothing"])
    key = serializers.CharField(allow_blank=True, help_text="Names the very content.")
    name = serializers.CharField()
    requests = serializers.IntegerField()
    divided_by = serializers.CharField(allow_blank=True, help_text="What tells tenants apart.")


class SliceShape(serializers.Serializer[Any]):
    """Counts of requests; the cost is US dollars per request, candidate less base."""

    key = serializers.CharField(allow_blank=True)
    requests = serializers.IntegerField()
    class_changed = serializers.IntegerField()
    model_changed = serializers.IntegerField()
    chain_changed = serializers.IntegerField(help_text="Other models after the first.")
    fallback_lost = serializers.IntegerField(
        help_text="Of these: no model any more after some failure that had one."
    )
    affected = serializers.IntegerField()
    residency_changed = serializers.IntegerField()
    cost_known = serializers.IntegerField()
    cost_change_usd = serializers.FloatField(allow_null=True)


class MoveShape(serializers.Serializer[Any]):
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    target = serializers.CharField(allow_null=True)
    requests = serializers.IntegerField()
    cost_change_usd = serializers.FloatField(allow_null=True)


class CostShape(serializers.Serializer[Any]):
    basis = serializers.ChoiceField(["recorded", "estimated", "mixed", "unknown"])
    requests = serializers.IntegerField()
    mean_usd = serializers.FloatField(allow_null=True)
    low_usd = serializers.FloatField(allow_null=True)
    high_usd = serializers.FloatField(allow_null=True)
    base_mean_usd = serializers.FloatField(allow_null=True)
    candidate_mean_usd = serializers.FloatField(allow_null=True)
    relative = serializers.FloatField(allow_null=True)


class PartShape(serializers.Serializer[Any]):
    """A changed rule, row or class; the pointer leads into the candidate, else into the base."""

    pointer = serializers.CharField()
    words = serializers.CharField()


class ImpactShape(serializers.Serializer[Any]):
    """Shares are between 0 and 1, and null where no recorded request can tell.

    `unreached`: what changed and is met by no request. `is_unmeasured`: nothing that changed is
    met. `proved_alike`: the analysis proves that every request is treated as before.
    """

    schema = serializers.IntegerField()
    summary = serializers.CharField()
    base_digest = serializers.CharField(allow_blank=True)
    candidate_digest = serializers.CharField()
    source = SourceShape()  # type: ignore[assignment]
    looked_at = serializers.IntegerField()
    total = SliceShape()
    by_class = SliceShape(many=True)
    by_tenant = SliceShape(many=True)
    moves = MoveShape(many=True)
    cost = CostShape()
    fallback_lost_on = serializers.DictField(
        child=serializers.IntegerField(), help_text="Requests by kind of failure."
    )
    regions_gained = serializers.DictField(child=serializers.IntegerField())
    new_providers = serializers.ListField(child=serializers.CharField())
    new_provider_requests = serializers.IntegerField()
    loosened = serializers.ListField(child=serializers.CharField())
    projected_cost_change = serializers.FloatField(allow_null=True)
    class_changed_share = serializers.FloatField(allow_null=True)
    rerouted_share = serializers.FloatField(allow_null=True)
    chain_changed_share = serializers.FloatField(allow_null=True)
    fallback_lost_share = serializers.FloatField(allow_null=True)
    affected_share = serializers.FloatField(allow_null=True)
    residency_changed_share = serializers.FloatField(allow_null=True)
    quality_floor_lowered = serializers.BooleanField()
    unreached = PartShape(many=True)
    is_unmeasured = serializers.BooleanField()
    proved_alike = serializers.BooleanField()


class ChangeImpact(APIView):
    @operation(
        "get_change_impact", "What a change request would do to recorded requests",
        gives=ImpactShape,
    )  # fmt: skip
    def get(self, request: Request, slug: str, number: int) -> Response:
        change = change_or_404(request, slug, number)
        try:
            found = checking.kept_impact(change) or impacts.impact_of_change(change)
        except (duckdb.Error, OSError) as error:
            raise Unmeasured from error
        return _shown(found)


class DraftImpact(APIView):
    @operation(
        "get_draft_impact", "What a draft, as it is saved, would do to recorded requests",
        gives=ImpactShape,
    )  # fmt: skip
    def get(self, request: Request, slug: str, pk: int) -> Response:
        draft = draft_or_404(request, slug, pk)
        try:
            found = impacts.impact_of_draft(draft)
        except (duckdb.Error, OSError) as error:
            raise Unmeasured from error
        return _shown(found)


def _shown(found: Impact) -> Response:
    return Response(ImpactShape({**found.to_json(), "summary": summary(found)}).data)
