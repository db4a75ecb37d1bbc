"""The blast radius of a change request or a draft: a page, and the part of other pages it is."""

from __future__ import annotations

from typing import Any

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from evaluations.impact import Impact
from evaluations.impact.wording import (
    cost_sentence,
    headline,
)
from evaluations.services.impact import checking
from evaluations.services.impact import measuring as impacts
from evaluations.views.impact_context import impact_context
from policies.engine import DocumentError, EngineError
from policies.models import Draft, Workflow
from policies.views.visible import change_or_404, workflow_or_404


@login_required
@require_GET
def change_impact(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What a change request would do; the recorded one, else measured now."""
    change = change_or_404(request, slug, number)
    subject = {"change": change, "title": f"#{change.number} {change.title}", "back": change}
    try:
        if request.GET.get("on") == "week":
            weekly = impacts.weekly_impact_of(*impacts.bundles_of(change), change.workflow)
            return _week(request, weekly)
        found = checking.kept_impact(change) or impacts.impact_of_change(change)
    except (EngineError, duckdb.Error, OSError) as error:
        return _unmeasured(request, change.workflow, subject, str(error))
    return _show(request, change.workflow, subject, found, change.bundle.content)


@login_required
@require_GET
def draft_impact(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a draft, as it is saved, would do against what is in force."""
    workflow = workflow_or_404(request, slug)
    rows = Draft.objects.filter(workflow=workflow).prefetch_related("documents")
    draft = get_object_or_404(
        rows.select_related("workflow", "change__base_release__bundle"), pk=pk
    )
    subject = {"draft": draft, "title": draft.title, "back": draft}
    try:
        found = impacts.impact_of_draft(draft)
    except DocumentError:
        why = "It is measured as soon as the four documents are valid and fit together."
        return _unmeasured(request, workflow, subject, why)
    except (EngineError, duckdb.Error, OSError) as error:
        return _unmeasured(request, workflow, subject, str(error))
    return _show(request, workflow, subject, found, draft.saved_documents())


def _show(
    request: HttpRequest, workflow: Workflow, subject: dict[str, Any], found: Impact, content: Any
) -> HttpResponse:
    context = {"workflow": workflow, **subject, **impact_context(found, content)}
    return render(request, _template(request), context)


def _unmeasured(
    request: HttpRequest, workflow: Workflow, subject: dict[str, Any], why: str
) -> HttpResponse:
    context = {"workflow": workflow, **subject, "impact": None, "why": why}
    return render(request, _template(request), context)


def _week(request: HttpRequest, found: Impact | None) -> HttpResponse:
    context: dict[str, Any] = {"impact": found}
    if found is not None:
        context |= {"headline": headline(found), "cost_sentence": cost_sentence(found)}
    return render(request, "evaluations/impact/_week.html", context)


def _template(request: HttpRequest) -> str:
    part = request.headers.get("HX-Request")
    return "evaluations/impact/_impact.html" if part else "evaluations/impact/page.html"
