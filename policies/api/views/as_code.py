"""A workflow's documents as files: out, in as a draft, and proposed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import draft_or_404, person, release_rows, workflow_or_404
from policies.api.bodies import read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.shapes.as_code import (
    FilesQuery,
    FilesSerializer,
    FilesToImport,
    FilesToPropose,
    ProposalSerializer,
)
from policies.api.shapes.drafts import DraftWithDocumentsSerializer
from policies.api.views.changes import environment_named, repaired_named
from policies.files.archive import zipped
from policies.files.workflow_files import read_files
from policies.governance.refusals import Reason, Refused
from policies.models import Environment, Workflow
from policies.services.as_code import exporting, proposing

POLICY_FILE = {
    "router_policy.yaml": "schema: 1\n"
    "rules: []\n"
    "default:\n"
    "  select: ordered\n"
    "  candidates:\n"
    "    - model: gpt-4o-mini\n"
}


class Files(APIView):
    @operation(
        "export_files",
        "The documents of a release or a draft as YAML files",
        gives=FilesSerializer,
        query=FilesQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        workflow, files = _exported(request, slug)
        return Response({"workflow": workflow.slug, "files": files})

    @operation(
        "import_files",
        "Start a draft from YAML files; a component without a file stays as in force",
        takes=FilesToImport,
        gives=DraftWithDocumentsSerializer,
        status=201,
        made=Made("api:draft", ("slug",), {"pk": "id"}),
        examples=[body_example("One file", {"title": "From Git", "files": POLICY_FILE})],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, FilesToImport)
        draft = proposing.import_draft(
            workflow, read_files(asked["files"]), asked["title"], acting_user=person(request)
        )
        shown = DraftWithDocumentsSerializer(draft)
        return Response(shown.data, status=status.HTTP_201_CREATED)


class FilesArchive(APIView):
    @operation(
        "export_archive",
        "The same files as one ZIP archive",
        gives=OpenApiTypes.BINARY,
        status=(200, "application/zip"),
        query=FilesQuery,
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        workflow, files = _exported(request, slug)
        disposition = f'attachment; filename="{workflow.slug}.zip"'
        return HttpResponse(
            zipped(files, workflow.slug),
            content_type="application/zip",
            headers={"Content-Disposition": disposition},
        )


class Propose(APIView):
    @operation(
        "propose_files",
        "Have a change request with these files, once, however often it is asked",
        takes=FilesToPropose,
        gives=ProposalSerializer,
        examples=[
            body_example(
                "One file",
                {
                    "environment": "production",
                    "title": "From Git: everything to mini",
                    "why": "Merged as 4f2a91c.",
                    "files": POLICY_FILE,
                },
            )
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, FilesToPropose)
        environment = environment_named(workflow, asked["environment"])
        made = proposing.propose(
            environment,
            read_files(asked["files"]),
            asked["title"],
            asked["why"],
            repairs=repaired_named(environment, asked.get("repairs")),
            acting_user=person(request),
        )
        said: dict[str, Any] = {
            "outcome": made.outcome,
            "change": made.change.number if made.change else None,
            "sentence": made.sentence,
        }
        return Response(said)


def _exported(request: Request, slug: str) -> tuple[Workflow, dict[str, str]]:
    asked = read_query(request, FilesQuery)
    workflow = workflow_or_404(request, slug)
    if "draft" in asked:
        return workflow, exporting.export_draft(draft_or_404(request, slug, asked["draft"]))
    environment = _environment(workflow, asked.get("environment"))
    if "release" not in asked:
        return workflow, exporting.export_environment(environment)
    rows = release_rows().filter(environment=environment)
    return workflow, exporting.export_release(get_object_or_404(rows, number=asked["release"]))


def _environment(workflow: Workflow, name: str | None) -> Environment:
    if name is not None:
        return get_object_or_404(Environment, workflow=workflow, name=name)
    last = Environment.objects.filter(workflow=workflow).order_by("-position").first()
    if last is None:
        raise Refused(
            Reason("empty", f"{workflow} has no environment yet.", "Name a draft, or create one.")
        )
    return last
