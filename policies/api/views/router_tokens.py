"""Router tokens of an environment: issued, rotated, revoked."""

from __future__ import annotations

import datetime

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import environment_or_404, person
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.workflows import (
    IssuedRouterTokenSerializer,
    NewRouterToken,
    ReportingRouterTokenSerializer,
    Rotation,
    RouterTokenSerializer,
)
from policies.models import RouterToken
from policies.models.tokens import TokenScope
from policies.services.routers import tokens
from policies.services.routers.reported import with_reports


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
        "Tokens of the routers of an environment, and how much each reported",
        gives=pages_of(ReportingRouterTokenSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str, environment: str) -> Response:
        read_query(request, PageQuery)
        found = environment_or_404(request, slug, environment)
        rows = with_reports(RouterToken.objects.filter(environment=found), timezone.now())
        rows = rows.select_related("environment", "created_by")
        return page_of(rows, ReportingRouterTokenSerializer, request)

    @operation(
        "issue_router_token",
        "Issue a token for routers of an environment",
        takes=NewRouterToken,
        gives=IssuedRouterTokenSerializer,
        status=201,
        made=Made("api:router-token", ("slug", "environment"), {"pk": "id"}),
        examples=[body_example("For one cluster", {"name": "eu-west cluster"})],
    )
    def post(self, request: Request, slug: str, environment: str) -> Response:
        found = environment_or_404(request, slug, environment)
        asked = read(request, NewRouterToken)
        token, plain = tokens.issue_router_token(
            found,
            asked["name"],
            acting_user=person(request),
            expires_at=asked.get("expires_at"),
            scopes=asked.get("scopes", tuple(TokenScope.values)),
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
        made=Made("api:router-token", ("slug", "environment"), {"pk": "id"}),
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
