"""Beside each finding of the static analysis: how much traffic it is about."""

from __future__ import annotations

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evaluations.impact.wording import share_text
from evaluations.services.finding_traffic import traffic_of_findings
from policies.engine import EngineError, parse_bundle
from policies.models.changes import CheckKind
from policies.services import checks
from policies.views.visible import change_or_404


@login_required
@require_GET
def change_finding_traffic(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A part of the review page: fills the places that its list of findings keeps for shares."""
    change = change_or_404(request, slug, number)
    check = checks.newest(change, CheckKind.STATIC_ANALYSIS)
    names = [finding["name"] for finding in check.detail.get("findings", [])] if check else []
    try:
        found = traffic_of_findings(parse_bundle(change.bundle.content), change.workflow)
    except (EngineError, duckdb.Error, OSError):
        found = None
    shares = [
        (place, _told(found.shares[name]))
        for place, name in enumerate(names)
        if found is not None and name in found.shares
    ]
    context = {"traffic": found, "shares": shares}
    return render(request, "evaluations/impact/_finding_traffic.html", context)


def _told(share: float) -> str:
    if share in (0, 1):
        return "every recorded request" if share else "no recorded request"
    return f"{share_text(share)} of requests"
