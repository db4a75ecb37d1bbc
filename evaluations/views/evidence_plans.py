"""The evidence plan of an environment: read and changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evaluations.forms.evidence_plans import EvidencePlanForm
from evaluations.services.datasets.plans import require_datasets
from evaluations.services.datasets.sealed import datasets_of
from evaluations.services.runs.telling import conditions_in_words
from policies.governance.evidence_plans import PlanTerms
from policies.governance.refusals import Refused
from policies.models import Environment, EvidencePlan, RuleChange
from policies.models.rule_changes import RuleChangeKind
from policies.services.review.changes import active_release
from policies.services.rights import can
from policies.views.rules.rule_changes import WAITS
from policies.views.visible import environment_or_404, person, workflow_or_404


@login_required
@require_http_methods(["GET", "POST"])
def evidence_plan(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """What is in force, who set it, and the form that asks for another."""
    workflow = workflow_or_404(request, slug)
    environment = environment_or_404(workflow, name)
    plan = EvidencePlan.objects.in_force(environment)
    if plan is not None:
        plan.environment = environment  # read already
    terms = plan.terms if plan else PlanTerms(())
    active = active_release(environment)
    form = EvidencePlanForm(
        request.POST or None,
        workflow=workflow,
        in_force=active.bundle if active else None,
        initial=EvidencePlanForm.initial_of(terms, workflow),
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change = require_datasets(environment, acting_user=person(request), **form.asked())
            except Refused as refusal:
                for reason in refusal.reasons:
                    form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
                status = refusal.status
            else:
                return _done(request, change, slug, name)
    context = {"workflow": workflow, "form": form, **_shown(environment, plan)}
    context["may_set"] = can(request.user, "manage_environments", workflow.team)
    return render(request, "evaluations/evidence/plan.html", context, status=status)


def _done(request: HttpRequest, change: RuleChange | None, slug: str, name: str) -> HttpResponse:
    if change is not None and change.is_waiting:
        messages.success(request, WAITS)
        return redirect(change)
    messages.success(request, "Saved. It is in force.")
    return redirect("evidence-plan", slug, name)


def _shown(environment: Environment, plan: EvidencePlan | None) -> dict[str, Any]:
    waiting = RuleChange.objects.waiting().filter(
        environment=environment, kind=RuleChangeKind.EVIDENCE_PLAN
    )
    rows = EvidencePlan.objects.filter(environment=environment).select_related("created_by")
    return {
        "environment": environment.name,
        "plan": plan,
        "conditions": conditions_in_words(plan) if plan else "",
        "datasets": datasets_of(plan) if plan else [],
        "versions": rows[:20],
        "waiting": waiting.first(),
    }
