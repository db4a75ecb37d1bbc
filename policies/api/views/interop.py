"""Policies for other routers, and drafts of their configurations."""

from __future__ import annotations

from types import SimpleNamespace

from rest_framework import status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import draft_or_404, person, release_or_404, workflow_or_404
from policies.api.bodies import read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.shapes.interop import (
    ExportQuery,
    RouterExportSerializer,
    RouterImport,
    RouterImportSerializer,
    shown_export,
    shown_import,
)
from policies.services.as_code import translating

CONFIG = (
    "model_list:\n"
    "  - model_name: gpt-4o-mini\n"
    "    litellm_params: {model: openai/gpt-4o-mini}\n"
    "  - model_name: gpt-4o\n"
    "    litellm_params: {model: openai/gpt-4o}\n"
    "router_settings:\n"
    "  fallbacks: [{gpt-4o-mini: [gpt-4o]}]\n"
)


class FormatIsOurs(DefaultContentNegotiation):
    """`?format=` says whose configuration to write; elsewhere it names a renderer."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]


class ReleaseExport(APIView):
    content_negotiation_class = FormatIsOurs

    @operation(
        "export_release_for_router",
        "A release in another router's format, with a report of what gets lost",
        gives=RouterExportSerializer,
        query=ExportQuery,
    )
    def get(self, request: Request, slug: str, environment: str, number: int) -> Response:
        release = release_or_404(request, slug, environment, number)
        router = read_query(request, ExportQuery)["format"]
        return Response(shown_export(translating.export_release(release, router)))


class DraftExport(APIView):
    content_negotiation_class = FormatIsOurs

    @operation(
        "export_draft_for_router",
        "A draft, as it would be proposed, in another router's format",
        gives=RouterExportSerializer,
        query=ExportQuery,
    )
    def get(self, request: Request, slug: str, pk: int) -> Response:
        draft = draft_or_404(request, slug, pk)
        router = read_query(request, ExportQuery)["format"]
        return Response(shown_export(translating.export_draft(draft, router)))


class Imports(APIView):
    @operation(
        "import_from_router",
        "Documents of another router's configuration; with a title, a draft of them",
        takes=RouterImport,
        gives=RouterImportSerializer,
        status=201,
        made=Made("api:draft", ("slug",), {"pk": "draft"}),
        or_else={200: RouterImportSerializer},
        examples=[
            body_example("LiteLLM", {"format": "litellm", "title": "From LiteLLM", "text": CONFIG})
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, RouterImport)
        if not asked.get("title"):
            return Response(shown_import(translating.translate(asked["text"], asked["format"])))
        made = translating.start_draft(
            workflow, asked["text"], asked["format"], asked["title"], acting_user=person(request)
        )
        return Response(shown_import(made), status=status.HTTP_201_CREATED)
