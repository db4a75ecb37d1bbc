"""Environments of a workflow and their rules."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import environment_or_404, person, workflow_or_404
from policies.api.bodies import PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.rules import RuleChangeSerializer, waiting_answer
from policies.api.shapes.workflows import (
    ChangedRules,
    EnvironmentSerializer,
    NewEnvironment,
    rules_from,
    with_active_release,
)
from policies.models import Environment
from policies.services.rules.environments import change_rules
from policies.services.teams import environments
from policies.services.teams.environments import EnvironmentRules

RULES_EXAMPLE = body_example("Two must approve", {"required_approvals": 2})


def _shown_environment(environment: Environment, *, code: int = status.HTTP_200_OK) -> Response:
    rows = with_active_release(Environment.objects.filter(pk=environment.pk))
    return Response(EnvironmentSerializer(rows.get()).data, status=code)


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
        made=Made("api:environment", ("slug",), {"environment": "name"}),
        examples=[body_example("Production", {"name": "production", "required_approvals": 2})],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, NewEnvironment)
        environment = environments.create_environment(
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
        takes=ChangedRules,
        gives=EnvironmentSerializer,
        or_else={status.HTTP_202_ACCEPTED: RuleChangeSerializer},
        examples=[RULES_EXAMPLE],
    )
    def patch(self, request: Request, slug: str, environment: str) -> Response:
        """What loosens the rules waits for a second person: the answer is then 202."""
        found = environment_or_404(request, slug, environment)
        asked = read(request, ChangedRules)
        how = {name: asked.pop(name) for name in ("why", "apply_now") if name in asked}
        rules = rules_from(asked, EnvironmentRules.of(found))
        change = change_rules(found, rules, acting_user=person(request), **how)
        return waiting_answer(change) or _shown_environment(found)
