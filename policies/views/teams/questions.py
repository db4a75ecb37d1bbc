"""The decision questions of a workflow: read, and answered anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from policies.forms.teams.questions import AnswersForm
from policies.governance.refusals import Refused
from policies.models import DecisionAnswers
from policies.services.rights import can
from policies.services.teams import questions
from policies.views.visible import person, workflow_or_404

SHOWN_VERSIONS = 20


@login_required
@require_http_methods(["GET", "POST"])
def decision_questions(request: HttpRequest, slug: str) -> HttpResponse:
    """Every question with its answer; those who may edit contracts answer them here."""
    workflow = workflow_or_404(request, slug)
    current = questions.answers_in_force(workflow)
    initial = {key: getattr(current, key, "") for key in questions.QUESTIONS}
    form = AnswersForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                questions.save_answers(workflow, form.answers(), acting_user=person(request))
            except Refused as refusal:
                for reason in refusal.reasons:
                    form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
                status = refusal.status
            else:
                messages.success(request, "Your answers are in force.")
                return redirect("decision-questions", slug)
    versions = DecisionAnswers.objects.filter(workflow=workflow).select_related("created_by")
    context: dict[str, Any] = {
        "workflow": workflow,
        "form": form,
        "reading": questions.reading_of(workflow),
        "versions": versions[:SHOWN_VERSIONS],
        "may_answer": can(request.user, "edit_contracts", workflow.team),
    }
    return render(request, "policies/teams/questions/questions.html", context, status=status)
