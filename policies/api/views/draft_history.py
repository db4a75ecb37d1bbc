"""The history of a draft's documents: every saved revision, and the way back to it."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import draft_or_404, kind_or_404, person
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import IF_MATCH, KIND, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.drafts import (
    DraftDocumentSerializer,
    DraftRevisionSerializer,
    DraftRevisionWithDocumentSerializer,
)
from policies.api.views.drafts import revision_seen, saving, with_revision
from policies.models import DraftRevision
from policies.services.authoring import editing


class Revisions(APIView):
    @operation(
        "list_draft_revisions",
        "Saved revisions of a document of a draft, newest first",
        gives=pages_of(DraftRevisionSerializer),
        query=PageQuery,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, pk: int, kind: str) -> Response:
        draft = draft_or_404(request, slug, pk)
        read_query(request, PageQuery)
        rows = DraftRevision.objects.filter(draft=draft, kind=kind_or_404(kind))
        return page_of(rows.select_related("saved_by"), DraftRevisionSerializer, request)


class OneRevision(APIView):
    @operation(
        "get_draft_revision",
        "A saved revision with its document",
        gives=DraftRevisionWithDocumentSerializer,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, pk: int, kind: str, revision: int) -> Response:
        draft = draft_or_404(request, slug, pk)
        row = get_object_or_404(
            DraftRevision, draft=draft, kind=kind_or_404(kind), revision=revision
        )
        return Response(DraftRevisionWithDocumentSerializer(row).data)


class RestoreRevision(APIView):
    @operation(
        "restore_draft_revision",
        "Save what an earlier revision held as the next one",
        gives=DraftDocumentSerializer,
        parameters=[KIND, IF_MATCH],
    )
    def post(self, request: Request, slug: str, pk: int, kind: str, revision: int) -> Response:
        draft = draft_or_404(request, slug, pk)
        read(request, Nothing)
        seen = revision_seen(request)
        get_object_or_404(DraftRevision, draft=draft, kind=kind_or_404(kind), revision=revision)
        with saving():
            row = editing.restore_revision(
                draft, kind, revision, acting_user=person(request), expected_revision=seen
            )
        return with_revision(row)
