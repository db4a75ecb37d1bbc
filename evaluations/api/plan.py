"""What files would change, by REST: differences, findings and blast radius; nothing is saved."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.services.impact.plan import measured_plan, plan_document
from policies.api.access import workflow_or_404
from policies.api.bodies import read
from policies.api.operation import body_example, operation
from policies.api.shapes.as_code import FilesToPlan
from policies.api.shapes.components import ProblemAt
from policies.api.views.as_code import POLICY_FILE
from policies.api.views.changes import environment_named
from policies.files.workflow_files import read_files


class PlanBaseSerializer(serializers.Serializer[Any]):
    """The release that is in force."""

    release = serializers.IntegerField()
    digest = serializers.CharField()


class PlannedChangeSerializer(serializers.Serializer[Any]):
    """One difference in words. `place` is the file and line; empty for what was removed."""

    component = serializers.CharField()
    kind = serializers.CharField()
    sentence = serializers.CharField()
    pointer = serializers.CharField()
    loosens = serializers.BooleanField()
    place = serializers.CharField(allow_blank=True)


class PlanSerializer(serializers.Serializer[Any]):
    """`has_errors` is what fails a pipeline. `impact` is null where it is not measured."""

    workflow = serializers.CharField()
    environment = serializers.CharField()
    base = PlanBaseSerializer(allow_null=True)
    digest = serializers.CharField(allow_blank=True)
    unchanged = serializers.BooleanField()
    has_errors = serializers.BooleanField()
    changes = PlannedChangeSerializer(many=True)
    problems = ProblemAt(many=True)
    findings = serializers.ListField(child=serializers.DictField())
    notes = serializers.ListField(child=serializers.CharField())
    impact_sentence = serializers.CharField()
    impact = serializers.DictField(allow_null=True)


class PlanView(APIView):
    @operation(
        "plan_files",
        "What these files would change, what is wrong with it, and whom it would concern",
        takes=FilesToPlan,
        gives=PlanSerializer,
        examples=[
            body_example("One file", {"environment": "production", "files": POLICY_FILE}),
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, FilesToPlan)
        environment = environment_named(workflow, asked["environment"])
        return Response(plan_document(measured_plan(environment, read_files(asked["files"]))))
