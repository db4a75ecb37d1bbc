"""Workflows, their environments, and the tokens of their routers."""

from __future__ import annotations

import datetime

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import environment_or_404, person, visible_teams, workflow_or_404
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.people import NewToken
from policies.api.shapes.workflows import (
    EnvironmentSerializer,
    IssuedRouterTokenSerializer,
    NewEnvironment,
    NewWorkflow,
    Rotation,
    RouterTokenSerializer,
    Rules,
    WorkflowSerializer,
    WorkflowWords,
    rules_from,
    shown_workflows,
    with_active_release,
)
from policies.models import Environment, RouterToken, Workflow
from policies.services.routers import tokens
from policies.services.teams import workflows
from policies.services.teams.workflows import EnvironmentRules

RULES_EXAMPLE = body_example("Two must approve", {"required_approvals": 2})


def _shown(workflow: Workflow, *, code: int = status.HTTP_200_OK) -> Response:
    rows = shown_workflows(Workflow.objects.filter(pk=workflow.pk))
    return Response(WorkflowSerializer(rows.get()).data, status=code)


def _shown_environment(environment: Environment, *, code: int = status.HTTP_200_OK) -> Response:
    rows = with_active_release(Environment.objects.filter(pk=environment.pk))
    return Response(EnvironmentSerializer(rows.get()).data, status=code)


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
        "Say anew what a workflow is for",
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


class Environments(APIView):
    @operation(
        "list_environments",
        "Where releases of a workflow apply",
        gives=pages_of(EnvironmentSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        rows = Environment.objects.filter(workflow=workflow_or_404(request, slug))
        return page_of(with_active_release(rows), EnvironmentSerializer, request)

    @operation(
        "create_environment",
        "Add an environment with its protection rules",
        takes=NewEnvironment,
        gives=EnvironmentSerializer,
        status=201,
        examples=[body_example("Production", {"name": "production", "required_approvals": 2})],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, NewEnvironment)
        environment = workflows.create_environment(
            workflow, asked.pop("name"), acting_user=person(request), rules=rules_from(asked)
        )
        return _shown_environment(environment, code=status.HTTP_201_CREATED)


class OneEnvironment(APIView):
    @operation("get_environment", "One environment", gives=EnvironmentSerializer)
    def get(self, request: Request, slug: str, environment: str) -> Response:
        return _shown_environment(environment_or_404(request, slug, environment))

    @operation(
        "update_environment",
        "Change the protection rules",
        takes=Rules,
        gives=EnvironmentSerializer,
        examples=[RULES_EXAMPLE],
    )
    def patch(self, request: Request, slug: str, environment: str) -> Response:
        found = environment_or_404(request, slug, environment)
        rules = rules_from(read(request, Rules), EnvironmentRules.of(found))
        changed = workflows.update_environment(found, rules, acting_user=person(request))
        return _shown_environment(changed)


def _issued(token: RouterToken, plain: str) -> Response:
    shown = IssuedRouterTokenSerializer(token, context={"plain": plain})
    return Response(shown.data, status=status.HTTP_201_CREATED)


def _router_token(request: Request, slug: str, environment: str, pk: int) -> RouterToken:
    found = environment_or_404(request, slug, environment)
    rows = RouterToken.objects.select_related("environment__workflow__team", "created_by")
    return get_object_or_404(rows, environment=found, pk=pk)


class RouterTokens(APIView):
    @operation(
        "list_router_tokens",
        "Tokens of the routers of an environment",
        gives=pages_of(RouterTokenSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str, environment: str) -> Response:
        read_query(request, PageQuery)
        found = environment_or_404(request, slug, environment)
        rows = RouterToken.objects.filter(environment=found)
        rows = rows.select_related("environment", "created_by")
        return page_of(rows, RouterTokenSerializer, request)

    @operation(
        "issue_router_token",
        "Issue a token for routers of an environment",
        takes=NewToken,
        gives=IssuedRouterTokenSerializer,
        status=201,
        examples=[body_example("For one cluster", {"name": "eu-west cluster"})],
    )
    def post(self, request: Request, slug: str, environment: str) -> Response:
        found = environment_or_404(request, slug, environment)
        asked = read(request, NewToken)
        token, plain = tokens.issue_router_token(
            found, asked["name"], acting_user=person(request), expires_at=asked.get("expires_at")
        )
        return _issued(token, plain)


class OneRouterToken(APIView):
    @operation("revoke_router_token", "End a router's token at once", gives=RouterTokenSerializer)
    def delete(self, request: Request, slug: str, environment: str, pk: int) -> Response:
        read(request, Nothing)
        token = _router_token(request, slug, environment, pk)
        token = tokens.revoke_router_token(token, acting_user=person(request))
        return Response(RouterTokenSerializer(token).data)


class RotateRouterToken(APIView):
    @operation(
        "rotate_router_token",
        "Issue a successor; the old token works on for a while",
        takes=Rotation,
        gives=IssuedRouterTokenSerializer,
        status=201,
        examples=[body_example("A day to change over", {"overlap_hours": 24})],
    )
    def post(self, request: Request, slug: str, environment: str, pk: int) -> Response:
        token = _router_token(request, slug, environment, pk)
        asked = read(request, Rotation)
        overlap = tokens.ROTATION_OVERLAP
        if "overlap_hours" in asked:
            overlap = datetime.timedelta(hours=asked["overlap_hours"])
        return _issued(
            *tokens.rotate_router_token(token, acting_user=person(request), overlap=overlap)
        )
