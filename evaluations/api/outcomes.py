"""`POST /api/v1/outcomes` and `/api/v1/feedback`: what routers report. See docs/outcomes.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers, status
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.batches import Batch, BatchParser, BatchTooLarge
from evaluations.api.routers import IsRouter, RouterTokenAuthentication
from evaluations.services.outcomes.ingestion import Receipt, ingest, take_feedback
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.engine.fallback import FAILURE_KINDS
from policies.engine.outcomes.values import MOST_REQUESTS
from policies.models import RouterToken

# Per token and process: so many events a second in the long run, and ten seconds' worth at once.
REPORTS = TokenBuckets(RateLimit(settings.REPORT_RATE, 10 * settings.REPORT_RATE))


class AttemptShape(serializers.Serializer[Any]):
    """One try of one model; `failure_kind` is null when it answered."""

    model = serializers.CharField(max_length=200)
    failure_kind = serializers.ChoiceField(FAILURE_KINDS, allow_null=True, required=False)
    latency_ms = serializers.FloatField(min_value=0, allow_null=True, required=False)
    cost_usd = serializers.FloatField(min_value=0, allow_null=True, required=False)


class OutcomeShape(serializers.Serializer[Any]):
    """What happened to one request. Absent and null both mean "not told"."""

    request_id = serializers.CharField(max_length=200, help_text="Once per environment.")
    time = serializers.DateTimeField(help_text="With its zone; at most 90 days back.")
    release_digest = serializers.CharField(required=False, allow_null=True)
    attributes = serializers.DictField(required=False)
    class_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    labelled_class = serializers.CharField(required=False, allow_null=True)
    rule = serializers.CharField(required=False, allow_null=True)
    model = serializers.CharField(required=False, allow_null=True, help_text="The one chosen.")
    served_model = serializers.CharField(
        required=False, allow_null=True, help_text="The one that answered; null when none did."
    )
    propensity = serializers.FloatField(required=False, min_value=0, max_value=1)
    attempts = AttemptShape(many=True, required=False)
    latency_ms = serializers.FloatField(required=False, min_value=0)
    input_tokens = serializers.IntegerField(required=False, min_value=0)
    output_tokens = serializers.IntegerField(required=False, min_value=0)
    cost_usd = serializers.FloatField(required=False, min_value=0)
    quality = serializers.FloatField(required=False, min_value=0, max_value=1)
    conversation_id = serializers.CharField(required=False, allow_null=True)
    tenant = serializers.CharField(required=False, allow_null=True)
    in_sums = serializers.BooleanField(
        required=False, help_text="A sample: a summary counts it as well, so that it is not."
    )

    def get_fields(self) -> dict[str, Any]:
        # `class` is a word of Python, so it cannot be declared above.
        fields = super().get_fields()
        fields["class"] = serializers.CharField(required=False, allow_null=True, max_length=64)
        return fields


class SummaryShape(serializers.Serializer[Any]):
    """Sums over requests of one minute that have class, label, models and release in common."""

    summary_id = serializers.CharField(max_length=200, help_text="Once per environment.")
    minute = serializers.DateTimeField(help_text="Its start; at most 90 days back.")
    requests = serializers.IntegerField(min_value=1, max_value=MOST_REQUESTS)
    release_digest = serializers.CharField(required=False, allow_null=True)
    labelled_class = serializers.CharField(required=False, allow_null=True)
    model = serializers.CharField(required=False, allow_null=True, help_text="The one chosen.")
    served_model = serializers.CharField(
        required=False, allow_null=True, help_text="The one that answered; null when none did."
    )
    tried = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="The model of each attempt, in order.",
    )
    quality_known = serializers.IntegerField(required=False, min_value=0)
    quality_nano = serializers.IntegerField(required=False, min_value=0)
    adequate = serializers.IntegerField(required=False, min_value=0)
    cost_known = serializers.IntegerField(required=False, min_value=0)
    cost_nano_usd = serializers.IntegerField(required=False, min_value=0)
    latency_us = serializers.IntegerField(required=False, min_value=0)
    latency_bins = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        required=False,
        help_text="[bin, count, bin, count, …], bins ascending.",
    )
    input_tokens = serializers.IntegerField(required=False, min_value=0)
    output_tokens = serializers.IntegerField(required=False, min_value=0)
    unpriced_input_tokens = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        required=False,
        allow_null=True,
        help_text="The smallest and the largest input of requests that the console is to price.",
    )

    def get_fields(self) -> dict[str, Any]:
        # `class` is a word of Python, so it cannot be declared above.
        fields = super().get_fields()
        fields["class"] = serializers.CharField(required=False, allow_null=True, max_length=64)
        return fields


class FeedbackShape(serializers.Serializer[Any]):
    """What was learnt later: a quality, a label, or both."""

    request_id = serializers.CharField(max_length=200)
    quality = serializers.FloatField(required=False, min_value=0, max_value=1)
    labelled_class = serializers.CharField(required=False, max_length=64)


class RejectionShape(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place of the event in the batch, from 0.")
    pointer = serializers.CharField(help_text="JSON pointer into that event.")
    message = serializers.CharField()


class ReceiptShape(serializers.Serializer[Any]):
    """What became of the batch."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="Known before, and left as they were.")
    rejected = RejectionShape(many=True)


_EXAMPLE = OpenApiExample(
    "One request that fell back once",
    request_only=True,
    value=[
        {
            "request_id": "r-1",
            "time": "2026-01-31T09:30:00Z",
            "class": "simple",
            "model": "small",
            "attempts": [
                {"model": "small", "failure_kind": "rate_limit", "latency_ms": 40},
                {"model": "large", "failure_kind": None, "latency_ms": 900, "cost_usd": 0.002},
            ],
            "quality": 0.9,
        }
    ],
)
_ANSWERS = {
    200: ReceiptShape,
    207: OpenApiResponse(ReceiptShape, description="Some events were rejected."),
    400: OpenApiResponse(description="Not JSON, or not a batch."),
    401: OpenApiResponse(description="No token, or not a usable one."),
    403: OpenApiResponse(description="A person's token, or one that may not report."),
    429: OpenApiResponse(description="More events than a token may report; see Retry-After."),
    413: OpenApiResponse(description=BatchTooLarge.default_detail),
}


class ReportView(APIView):
    """What both kinds of report share."""

    authentication_classes = [RouterTokenAuthentication]
    permission_classes = [IsRouter]
    parser_classes = [BatchParser]

    def take(self, request: Request, member: str, keep: Callable[..., Receipt]) -> Response:
        token = request.auth
        if not isinstance(token, RouterToken):
            raise TypeError("IsRouter lets only routers in.")
        wait_s = REPORTS.take(token.pk)
        if wait_s:
            raise Throttled(wait_s, "This token reports more than it may.")
        sent = request.data
        # The framework has nothing parsed of which there is nothing.
        batch = sent if isinstance(sent, Batch) else Batch(BytesIO(), "")
        try:
            events = batch.events(member)
        finally:  # one that is refused has cost as much to read
            REPORTS.owe(token.pk, batch.weight - 1)
        receipt = keep(token.environment, events, now=timezone.now(), token=token)
        code = status.HTTP_207_MULTI_STATUS if receipt.rejected else status.HTTP_200_OK
        return Response(asdict(receipt), status=code)


class OutcomesView(ReportView):
    """Report outcomes."""

    @extend_schema(
        operation_id="report_outcomes",
        summary="Report what happened to requests, each or in sums of a minute",
        request=PolymorphicProxySerializer(
            "OutcomeOrSummary",
            [OutcomeShape, SummaryShape],
            resource_type_field_name=None,
            many=True,
        ),
        responses=_ANSWERS,
        examples=[_EXAMPLE],
        tags=["Outcomes"],
    )
    def post(self, request: Request) -> Response:
        return self.take(request, "events", ingest)


class FeedbackView(ReportView):
    """Report what was learnt later."""

    @extend_schema(
        operation_id="report_feedback",
        summary="Add qualities and labels to outcomes reported before",
        request=FeedbackShape(many=True),
        responses=_ANSWERS,
        tags=["Outcomes"],
    )
    def post(self, request: Request) -> Response:
        return self.take(request, "feedback", take_feedback)
