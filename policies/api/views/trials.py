"""Deciding one request without a router, to see why it comes out as it does."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import draft_or_404, release_rows, workflow_or_404
from policies.api.bodies import read
from policies.api.operation import body_example, operation
from policies.api.problem import listed
from policies.api.shapes.trials import TraceSerializer, Trial
from policies.engine import (
    Bundle,
    DocumentError,
    EngineError,
    check_request,
    explain,
    parse_bundle,
    parse_request,
)
from policies.governance.refusals import Reason, Refused
from policies.models import Workflow
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import proposed_by, tried_in


class Decide(APIView):
    @operation(
        "decide",
        "Try a request on documents, a draft or a release, and see every step of the decision",
        takes=Trial,
        gives=TraceSerializer,
        examples=[
            body_example(
                "On what is in production",
                {
                    "release": {"environment": "production", "number": 2},
                    "request": {"attributes": {"intent": "legal", "prompt_tokens": 1200}},
                },
            )
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, Trial)
        bundle = _bundle(request, workflow, asked)
        try:
            tried = parse_request(asked["request"])
        except DocumentError as error:
            raise DocumentError(found.under("/request") for found in error.problems) from None
        try:
            trace = explain(bundle, tried)
        except EngineError as error:
            raise Refused(Reason("engine", str(error))) from None
        unused = [found.under("/request") for found in check_request(bundle, tried)]
        return Response({**trace.to_json(), "problems": listed(unused)})


def _bundle(request: Request, workflow: Workflow, asked: dict[str, Any]) -> Bundle:
    """What to try on. Raises DocumentError with pointers from the body's own `documents`."""
    if "release" in asked:
        return _released(workflow, asked["release"])
    documents = asked.get("documents")
    if documents is None:
        documents = proposed_by(draft_or_404(request, workflow.slug, asked["draft"]))
    else:
        documents = tried_in(workflow, documents)
    try:
        return parse_bundle({"schema": 1, **documents, "catalogue": catalogue_document()})
    except DocumentError as error:
        raise DocumentError(found.under("/documents") for found in error.problems) from None


def _released(workflow: Workflow, name: dict[str, Any]) -> Bundle:
    release = (
        release_rows()
        .filter(workflow=workflow, environment__name=name["environment"], number=name["number"])
        .first()
    )
    if release is None:
        raise ValidationError({"release": ["This workflow has no such release."]})
    return parse_bundle(release.bundle.content)
