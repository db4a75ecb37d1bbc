"""Releases: read, restored, promoted."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person, release_or_404, release_rows, workflow_or_404
from policies.api.bodies import read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.changes import ChangeDetailSerializer
from policies.api.shapes.releases import (
    Promotion,
    ReleaseDetailSerializer,
    ReleaseQuery,
    ReleaseSerializer,
    RollBack,
    SignedReleaseSerializer,
)
from policies.api.views.changes import environment_named, shown_change
from policies.services.releases import publication, sealing


class Releases(APIView):
    @operation(
        "list_releases",
        "Releases of a workflow, newest first",
        gives=pages_of(ReleaseSerializer),
        query=ReleaseQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = read_query(request, ReleaseQuery)
        rows = release_rows().filter(workflow=workflow_or_404(request, slug))
        if asked.get("environment"):
            rows = rows.filter(environment__name=asked["environment"])
        if asked.get("active"):
            rows = rows.filter(retired_at=None)
        return page_of(rows, ReleaseSerializer, request)


class OneRelease(APIView):
    @operation("get_release", "A release with its content", gives=ReleaseDetailSerializer)
    def get(self, request: Request, slug: str, environment: str, number: int) -> Response:
        release = release_or_404(request, slug, environment, number)
        return Response(ReleaseDetailSerializer(release, context={"request": request}).data)


class SignedRelease(APIView):
    @operation(
        "get_signed_release",
        "What routers received, with its signature, for verify-release",
        gives=SignedReleaseSerializer,
    )
    def get(self, request: Request, slug: str, environment: str, number: int) -> Response:
        release = release_or_404(request, slug, environment, number)
        return Response(sealing.signed_file(release))


class RollBackTo(APIView):
    @operation(
        "roll_back",
        "Restore this release's content under a new number",
        takes=RollBack,
        gives=ReleaseDetailSerializer,
        status=201,
        made=Made("api:release", ("slug", "environment"), {"number": "number"}),
        examples=[body_example("After an incident", {"reason": "Error rate doubled at 14:05."})],
    )
    def post(self, request: Request, slug: str, environment: str, number: int) -> Response:
        release = release_or_404(request, slug, environment, number)
        reason = read(request, RollBack)["reason"]
        restored = publication.roll_back(release, reason, acting_user=person(request))
        shown = ReleaseDetailSerializer(
            release_rows().get(pk=restored.pk), context={"request": request}
        )
        return Response(shown.data, status=status.HTTP_201_CREATED)


class Promote(APIView):
    @operation(
        "promote_release",
        "Propose this release's exact content for another environment",
        takes=Promotion,
        gives=ChangeDetailSerializer,
        status=201,
        made=Made("api:change", ("slug",), {"number": "number"}),
        examples=[
            body_example(
                "To production",
                {"environment": "production", "why": "Two quiet days on staging."},
            )
        ],
    )
    def post(self, request: Request, slug: str, environment: str, number: int) -> Response:
        release = release_or_404(request, slug, environment, number)
        asked = read(request, Promotion)
        target = environment_named(release.workflow, asked["environment"])
        change = publication.promote(release, target, asked["why"], acting_user=person(request))
        return shown_change(request, change, code=status.HTTP_201_CREATED)
