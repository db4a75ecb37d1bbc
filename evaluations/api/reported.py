"""`POST …/router-tokens/<pk>/remove-reports/`: take back what a token reported."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.services.outcomes.removing import remove_reported
from policies.api.access import environment_or_404, person
from policies.api.bodies import Nothing, read
from policies.api.operation import operation
from policies.models import RouterToken


class RemovedReportsShape(serializers.Serializer[Any]):
    """What went, and how much is summed again."""

    outcomes = serializers.IntegerField()
    feedback = serializers.IntegerField(
        help_text="Outcomes that others reported, of which its word no longer counts."
    )
    summaries = serializers.IntegerField()
    hours = serializers.IntegerField()
    routers = serializers.IntegerField()


class RemoveReports(APIView):
    @operation(
        "remove_token_reports",
        "Remove every outcome, feedback and router that was reported with a token",
        takes=Nothing,
        gives=RemovedReportsShape,
    )
    def post(self, request: Request, slug: str, environment: str, pk: int) -> Response:
        read(request, Nothing)
        found = environment_or_404(request, slug, environment)
        rows = RouterToken.objects.select_related("environment__workflow__team")
        token = get_object_or_404(rows, environment=found, pk=pk)
        removed = remove_reported(token, acting_user=person(request))
        return Response(asdict(removed))
