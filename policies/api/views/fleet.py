"""Running routers: an environment's fleet, and each of its routers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import environment_or_404
from policies.api.bodies import read_query
from policies.api.operation import operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.fleet import FleetSerializer, InstanceQuery, RouterInstanceSerializer
from policies.services.routers.convergence import fleet_of
from policies.services.routers.instances import Wanted, instances_of
from policies.services.routers.watching import drift_of


class FleetOfEnvironment(APIView):
    @operation("get_fleet", "Which routers have the release in force", gives=FleetSerializer)
    def get(self, request: Request, slug: str, environment: str) -> Response:
        where = environment_or_404(request, slug, environment)
        drift = drift_of(where)
        context = {"drift_since": drift and drift.began_at}
        return Response(FleetSerializer(fleet_of(where), context=context).data)


class RoutersOfEnvironment(APIView):
    @operation(
        "list_routers",
        "Running routers, those in trouble first",
        gives=pages_of(RouterInstanceSerializer),
        query=InstanceQuery,
    )
    def get(self, request: Request, slug: str, environment: str) -> Response:
        where = environment_or_404(request, slug, environment)
        asked = read_query(request, InstanceQuery)
        wanted = Wanted(
            state=asked.get("trouble", ""),
            search=asked.get("search", ""),
            release=asked.get("release"),
            region=asked.get("region", ""),
            version=asked.get("version", ""),
        )
        rows = instances_of(fleet_of(where), wanted)
        return page_of(rows, RouterInstanceSerializer, request)
