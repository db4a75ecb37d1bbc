"""Workflows, their environments, and the tokens of their routers."""

from __future__ import annotations

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person, visible_teams, workflow_or_404
from policies.api.bodies import PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.workflows import (
    NewWorkflow,
    WorkflowSerializer,
    WorkflowWords,
    shown_workflows,
)
from policies.models import Workflow
from policies.services.teams import workflows


def _shown(workflow: Workflow, *, code: int = status.HTTP_200_OK) -> Response:
    rows = shown_workflows(Workflow.objects.filter(pk=workflow.pk))
    return Response(WorkflowSerializer(rows.get()).data, status=code)


class Workflows(APIView):
    @operation(
        "list_workflows",
        "Workflows of my teams",
        gives=pages_of(WorkflowSerializer),
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        read_query(request, PageQuery)
        visible = Workflow.objects.visible_to(person(request)).order_by("slug")
        return page_of(shown_workflows(visible), WorkflowSerializer, request)

    @operation(
        "create_workflow",
        "Start a workflow of a team",
        takes=NewWorkflow,
        gives=WorkflowSerializer,
        status=201,
        made=Made("api:workflow", told={"slug": "slug"}),
        examples=[
            body_example(
                "An assistant",
                {"team": "support", "slug": "support-assistant", "name": "Support assistant"},
            )
        ],
    )
    def post(self, request: Request) -> Response:
        asked = read(request, NewWorkflow)
        team = visible_teams(request).filter(slug=asked.pop("team")).first()
        if team is None:
            raise ValidationError({"team": ["You belong to no team of this short name."]})
        workflow = workflows.create_workflow(team, **asked, acting_user=person(request))
        return _shown(workflow, code=status.HTTP_201_CREATED)


class OneWorkflow(APIView):
    @operation("get_workflow", "One workflow", gives=WorkflowSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return _shown(workflow_or_404(request, slug))

    @operation(
        "update_workflow",
        "Edit what a workflow is for",
        takes=WorkflowWords,
        gives=WorkflowSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        present = {
            "name": workflow.name,
            "objective": workflow.objective,
            "success_criteria": workflow.success_criteria,
        }
        said = {**present, **read(request, WorkflowWords)}
        return _shown(workflows.update_workflow(workflow, **said, acting_user=person(request)))
