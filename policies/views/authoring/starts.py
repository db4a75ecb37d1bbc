"""Where drafts begin: in force, a release, a workflow, a template, files, another router."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from policies.forms.authoring.draft import DETAILS, OTHER, RELEASE, ROUTER, TEMPLATE, DraftForm
from policies.governance.refusals import Refused
from policies.interop import FORMATS
from policies.models import Draft, Workflow
from policies.services.as_code import proposing, translating
from policies.services.authoring import drafts, starts
from policies.services.rights import can
from policies.views.as_code.routers import keep_report
from policies.views.visible import person, workflow_or_404


@login_required
@require_http_methods(["GET", "POST"])
def draft_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a draft; ``?from=template`` and the like choose the source beforehand."""
    workflow = workflow_or_404(request, slug)
    form = DraftForm(
        request.POST or None,
        request.FILES or None,
        workflow=workflow,
        user=person(request),
        initial={"source": request.GET.get("from", "")},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                draft = _started(workflow, form, request)
            except Refused as refused:
                for reason in refused.reasons:
                    form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
                status = refused.status
            else:
                shown = "draft-imported" if form.text else "draft-document"
                parts = () if form.text else ("router_policy",)
                return redirect(shown, slug, draft.pk, *parts)
    context = {
        "workflow": workflow,
        "section": "policy",
        "form": form,
        "offers": starts.template_offers(),
        "can_edit": can(request.user, "edit_drafts", workflow.team),
    }
    return render(request, "policies/authoring/studio/create.html", context, status=status)


def _started(workflow: Workflow, form: DraftForm, request: HttpRequest) -> Draft:
    given, user = form.cleaned_data, person(request)
    if form.read is not None:
        return proposing.import_draft(workflow, form.read, given["title"], acting_user=user)
    if given["source"] == ROUTER:
        return _translated(workflow, form, request)
    documents: dict[str, Any] = {}
    if given["source"] in (RELEASE, OTHER):
        documents = given[DETAILS[given["source"]]].bundle.documents
    elif given["source"] == TEMPLATE:
        documents = starts.template_documents(given["template"])
    return drafts.create_draft(
        workflow, given["title"], acting_user=user, documents=documents, copied=True
    )


def _translated(workflow: Workflow, form: DraftForm, request: HttpRequest) -> Draft:
    given = form.cleaned_data
    made = translating.start_draft(
        workflow,
        form.text,
        given["router"] or next(iter(FORMATS)),
        given["title"],
        acting_user=person(request),
    )
    keep_report(request, made)
    if made.draft is None:
        raise TypeError("A draft was asked for.")
    return made.draft
