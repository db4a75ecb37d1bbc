"""`GET /api/v1/workflows/<slug>/scorecard`: the page's figures, for programs."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.metrics.board import MetricValue
from evaluations.metrics.periods import DEFAULT_PERIOD, PERIODS
from evaluations.metrics.targets import Target
from evaluations.services.scorecard.scorecard import Filters, Scorecard, scorecard
from policies.api.access import workflow_or_404
from policies.api.bodies import Body, read_query


class ScorecardQuery(Body):
    """What to look at; all of it may be left out."""

    env = serializers.CharField(required=False, help_text="Default: the last of promotion.")
    period = serializers.ChoiceField(tuple(PERIODS), required=False, default=DEFAULT_PERIOD)
    model = serializers.CharField(required=False, default="")
    release = serializers.CharField(required=False, default="", help_text="A bundle's digest.")

    def get_fields(self) -> dict[str, Any]:
        # `class` is a word of Python, so it cannot be declared above.
        fields = super().get_fields()
        fields["class"] = serializers.CharField(required=False, default="")
        return fields


class TargetShape(serializers.Serializer[Any]):
    threshold = serializers.CharField()
    comparison = serializers.CharField()
    op = serializers.CharField()
    bound = serializers.FloatField(allow_null=True)
    verdict = serializers.ChoiceField(["pass", "fail", "inconclusive", "missing", "not_judged"])
    why = serializers.CharField(allow_blank=True)


class TrendShape(serializers.Serializer[Any]):
    previous = serializers.FloatField()
    change = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reading = serializers.ChoiceField(
        ["better", "worse", "unclear"],
        help_text="By Holm's procedure over all metrics; the 95 % interval is of this one alone.",
    )


class PointShape(serializers.Serializer[Any]):
    time = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True)


class MetricShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    layer = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    samples = serializers.IntegerField()
    targets = TargetShape(many=True)
    trend = TrendShape(allow_null=True)
    series = PointShape(many=True)


class UnmeasuredShape(serializers.Serializer[Any]):
    threshold = serializers.CharField()
    metric = serializers.CharField()


class ScorecardShape(serializers.Serializer[Any]):
    workflow = serializers.CharField()
    environment = serializers.CharField()
    is_simulated = serializers.BooleanField()
    period = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    requests = serializers.IntegerField()
    requests_in_sums = serializers.IntegerField(
        help_text="Those told in sums of a minute: later feedback counts for the sample of them."
    )
    only_feedback = serializers.IntegerField(
        help_text="Requests marked as counted in sums that none counts, though feedback on them is."
    )
    with_other_names = serializers.IntegerField(
        help_text='Requests whose class, model or release counts as "other": a token may bring '
        "only so many names. What those beyond were is not kept."
    )
    metrics = MetricShape(many=True)
    unmeasured = UnmeasuredShape(
        many=True, help_text="Thresholds in force on metrics that only shadow evaluations measure."
    )


class ScorecardView(APIView):
    """The four layers of one environment."""

    @extend_schema(
        operation_id="workflow_scorecard",
        summary="Read the scorecard",
        parameters=[ScorecardQuery],
        responses=ScorecardShape,
        tags=["Outcomes"],
    )
    def get(self, request: Request, slug: str) -> Response:
        query = read_query(request, ScorecardQuery)
        workflow = workflow_or_404(request, slug)
        environments = workflow.environments.select_related("workflow").order_by("position", "name")
        if "env" in query:
            environments = environments.filter(name=query["env"])
        environment = environments.last()
        if environment is None:
            raise Http404
        filters = Filters(query["period"], query["class"], query["model"], query["release"])
        return Response(as_json(scorecard(environment, filters, now=timezone.now())))


def as_json(found: Scorecard) -> dict[str, Any]:
    workflow = found.environment.workflow
    return {
        "workflow": workflow.slug,
        "environment": found.environment.name,
        "is_simulated": workflow.is_simulated,
        "period": found.filters.period,
        "start": found.window.start,
        "end": found.window.end,
        "requests": found.requests,
        "requests_in_sums": found.requests_in_sums,
        "only_feedback": found.only_feedback,
        "with_other_names": found.with_other_names,
        "metrics": [_metric(metric) for metric in found.metrics],
        "unmeasured": [{"threshold": t.id, "metric": t.metric} for t in found.unmeasured],
    }


def _metric(found: MetricValue) -> dict[str, Any]:
    trend = found.trend
    return {
        "name": found.name,
        "layer": found.metric.layer,
        "label": found.label,
        "unit": found.metric.unit,
        "value": found.value,
        "samples": found.samples,
        "targets": [_target(target) for target in found.targets],
        "trend": trend
        and {
            "previous": trend.previous,
            "change": trend.change,
            "low": trend.low,
            "high": trend.high,
            "reading": found.trend_reading,
        },
        "series": [{"time": time, "value": value} for time, value in found.series],
    }


def _target(found: Target) -> dict[str, Any]:
    threshold = found.threshold
    return {
        "threshold": threshold.id,
        "comparison": threshold.comparison,
        "op": threshold.op,
        "bound": found.bound,
        "verdict": found.verdict,
        "why": found.why,
    }
