"""Beside each finding of the static analysis: how much traffic it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evaluations.impact.wording import share_text
from evaluations.services.impact.finding_traffic import traffic_of_findings
from policies.engine import DocumentError, EngineError, compose, parse_bundle
from policies.governance.static_checks import findings_of
from policies.models import Workflow
from policies.models.changes import CheckKind
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import proposed_by
from policies.services.review import checks
from policies.views.authoring.studio import draft_or_404
from policies.views.visible import change_or_404, workflow_or_404


@login_required
@require_GET
def change_finding_traffic(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A part of the review page: fills the places that its list of findings keeps for shares."""
    change = change_or_404(request, slug, number)
    check = checks.newest(change, CheckKind.STATIC_ANALYSIS)
    names = [finding["name"] for finding in check.detail.get("findings", [])] if check else []
    places = {name: str(place) for place, name in enumerate(names)}
    return _filled_in(request, change.workflow, change.bundle.content, places)


@login_required
@require_GET
def draft_finding_traffic(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same for the findings beside the editor; nothing while the documents do not fit."""
    workflow = workflow_or_404(request, slug)
    draft = draft_or_404(workflow, pk)
    documents = proposed_by(draft)
    try:
        content = compose(documents, catalogue_document())
    except DocumentError:
        return _filled_in(request, workflow, {}, {})
    places = {finding.name: finding.share_place for finding in findings_of(content)}
    return _filled_in(request, workflow, content, places)


def _filled_in(
    request: HttpRequest, workflow: Workflow, content: Mapping[str, Any], places: Mapping[str, str]
) -> HttpResponse:
    """`places`: by the name of a finding, the end of the id of the place for its share."""
    try:
        found = traffic_of_findings(parse_bundle(content), workflow) if places else None
    except (EngineError, duckdb.Error, OSError):
        found = None
    shares = [
        (place, _told(found.shares[name]))
        for name, place in places.items()
        if found is not None and name in found.shares
    ]
    context = {"traffic": found, "shares": shares}
    return render(request, "evaluations/impact/_finding_traffic.html", context)


def _told(share: float) -> str:
    if share in (0, 1):
        return "every recorded request" if share else "no recorded request"
    return f"{share_text(share)} of requests"
