"""Drafts: working copies that may be wrong for now, and a check of documents without any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework import status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import draft_or_404, kind_or_404, person, release_rows, workflow_or_404
from policies.api.bodies import Nothing, read, read_query
from policies.api.operation import IF_MATCH, KIND, Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.problem import PreconditionFailed, PreconditionRequired, listed
from policies.api.shapes.drafts import (
    DocumentsToValidate,
    DraftDocumentSerializer,
    DraftQuery,
    DraftSerializer,
    DraftTitle,
    DraftWithDocumentsSerializer,
    NewDraft,
    ValidationSerializer,
)
from policies.governance.refusals import Refused
from policies.models import Draft, DraftDocument, Workflow
from policies.services.authoring import drafts, editing
from policies.services.authoring.bundles import problems_of
from policies.wording.whole_numbers import whole_number

DOCUMENT_EXAMPLE = body_example(
    "A router policy",
    {
        "schema": 1,
        "rules": [],
        "default": {"select": "ordered", "candidates": [{"model": "gpt-4o-mini"}]},
    },
)


class Drafts(APIView):
    @operation(
        "list_drafts",
        "Drafts of a workflow, last edited first",
        gives=pages_of(DraftSerializer),
        query=DraftQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = read_query(request, DraftQuery)
        rows = Draft.objects.filter(workflow=workflow_or_404(request, slug))
        rows = rows.open() if asked.get("open") else rows
        rows = rows.select_related("created_by", "change").prefetch_related("contributors")
        return page_of(rows, DraftSerializer, request)

    @operation(
        "create_draft",
        "Start a draft from a release, from documents, or from what is in force",
        takes=NewDraft,
        gives=DraftWithDocumentsSerializer,
        status=201,
        made=Made("api:draft", ("slug",), {"pk": "id"}),
        examples=[
            body_example("From what is in force", {"title": "Send simple questions to mini"}),
            body_example(
                "From a release",
                {
                    "title": "Back to last week, with one change",
                    "release": {"environment": "production", "number": 3},
                },
            ),
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, NewDraft)
        draft = drafts.create_draft(
            workflow,
            asked["title"],
            acting_user=person(request),
            documents=_start_of(workflow, asked),
            copied="release" in asked,
        )
        shown = DraftWithDocumentsSerializer(draft)
        return Response(shown.data, status=status.HTTP_201_CREATED)


def _start_of(workflow: Workflow, asked: dict[str, Any]) -> dict[str, Any]:
    if "release" not in asked:
        return dict(asked.get("documents", {}))
    name = asked["release"]
    release = release_rows().filter(
        workflow=workflow, environment__name=name["environment"], number=name["number"]
    )
    found = release.first()
    if found is None:
        raise ValidationError({"release": ["This workflow has no such release."]})
    return found.bundle.documents


class OneDraft(APIView):
    @operation("get_draft", "A draft with its documents", gives=DraftWithDocumentsSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        return Response(DraftWithDocumentsSerializer(draft_or_404(request, slug, pk)).data)

    @operation(
        "rename_draft",
        "Give a draft another title",
        takes=DraftTitle,
        gives=DraftSerializer,
        examples=[body_example("A title", {"title": "Send simple questions to mini"})],
    )
    def patch(self, request: Request, slug: str, pk: int) -> Response:
        draft = draft_or_404(request, slug, pk)
        title = read(request, DraftTitle)["title"]
        drafts.rename_draft(draft, title, acting_user=person(request))
        return Response(DraftSerializer(draft_or_404(request, slug, pk)).data)

    @operation("discard_draft", "Close a draft that leads nowhere", status=204)
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        drafts.discard_draft(draft_or_404(request, slug, pk), acting_user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class OneDocument(APIView):
    @operation(
        "get_draft_document",
        "One document of a draft; its revision is the ETag",
        gives=DraftDocumentSerializer,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, pk: int, kind: str) -> Response:
        draft = draft_or_404(request, slug, pk)
        row = DraftDocument.objects.select_related("updated_by").get(
            draft=draft, kind=kind_or_404(kind)
        )
        return with_revision(row)

    @operation(
        "save_draft_document",
        "Save one document, right or wrong, as its next revision",
        takes={"application/json": {"type": "object"}},
        gives=DraftDocumentSerializer,
        parameters=[KIND, IF_MATCH],
        examples=[DOCUMENT_EXAMPLE],
    )
    def put(self, request: Request, slug: str, pk: int, kind: str) -> Response:
        draft = draft_or_404(request, slug, pk)
        if not isinstance(request.data, dict):
            raise ValidationError("The body is the document itself, a JSON object.")
        with saving():
            row = editing.save_document(
                draft,
                kind_or_404(kind),
                request.data,
                acting_user=person(request),
                expected_revision=revision_seen(request),
            )
        return with_revision(row)


@contextmanager
def saving() -> Iterator[None]:
    """A refusal because somebody saved meanwhile is a failed precondition."""
    try:
        yield
    except Refused as refusal:
        if "stale" in refusal.codes:
            raise PreconditionFailed(refusal) from None
        raise


def with_revision(row: DraftDocument) -> Response:
    return Response(DraftDocumentSerializer(row).data, headers={"ETag": f'"{row.revision}"'})


def revision_seen(request: Request) -> int | None:
    """The revision that the caller started from; None for `*`, which overwrites."""
    tag = request.headers.get("If-Match", "").strip()
    if not tag:
        raise PreconditionRequired('Say in If-Match which revision you started from, as in "3".')
    if tag == "*":
        return None
    bare = tag[1:-1] if len(tag) > 2 and tag[0] == tag[-1] == '"' else ""
    revision = whole_number(bare)
    if revision is None:
        raise ParseError('If-Match names one revision, as in "3".')
    return revision


class Validate(APIView):
    @operation(
        "validate_documents",
        "Check documents without saving anything",
        takes=DocumentsToValidate,
        gives=ValidationSerializer,
        examples=[
            body_example(
                "One document", {"documents": {"fallback_matrix": {"schema": 1, "rows": []}}}
            )
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow_or_404(request, slug)
        problems = problems_of(read(request, DocumentsToValidate)["documents"])
        return Response({"valid": not problems, "errors": listed(problems)})
