"""An environment's protection rules, and the times in which nothing is published."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from policies.forms.teams.environments import (
    EnvironmentForm,
    FreezeForm,
    RiskRules,
    risk_rules_initial,
)
from policies.governance.refusals import Refused
from policies.models import FreezeWindow, RuleChange
from policies.services.releases import freezing
from policies.services.rules.environments import change_rules, rules_set_alone
from policies.services.teams.environments import EnvironmentRules
from policies.views.rules.rule_changes import WAITS
from policies.views.teams.settings import show_settings
from policies.views.visible import environment_or_404, person, workflow_or_404


@login_required
@require_http_methods(["GET", "POST"])
def environment_edit(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Change an environment's protection rules, those on risk among them."""
    workflow = workflow_or_404(request, slug)
    environment = environment_or_404(workflow, name)
    current = EnvironmentRules.of(environment)
    form = EnvironmentForm(request.POST or None, initial=vars(current))
    rows = RiskRules(
        request.POST or None, prefix="risk", initial=risk_rules_initial(current.risk_rules)
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and rows.is_valid():
            rules = form.rules(_said(rows))
            try:
                change = change_rules(
                    environment, rules, acting_user=person(request), **form.asked()
                )
            except Refused as refusal:
                for reason in refusal.reasons:
                    form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
                status = refusal.status
            else:
                if change is not None and change.is_waiting:
                    messages.success(request, WAITS)
                    return redirect(change)
                messages.success(request, "Saved.")
                return redirect("workflow-settings", slug)
    context = {
        "workflow": workflow,
        "environment": environment.name,
        "subject": environment,
        "form": form,
        "rows": rows,
        "alone": rules_set_alone(workflow).get(environment.pk),
        "waiting": RuleChange.objects.waiting().filter(environment=environment).first(),
    }
    return render(request, "policies/teams/settings/environment.html", context, status=status)


def _said(rows: Any) -> list[dict[str, Any]]:
    said = (row.rule() for row in rows if not row.cleaned_data.get("DELETE"))
    return [rule.as_json() for rule in said if rule]


@login_required
@require_POST
def freeze_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Let nothing be published for a time."""
    workflow = workflow_or_404(request, slug)
    form = FreezeForm(request.POST, workflow=workflow)
    refusal: Refused | None = None
    status = 422
    if form.is_valid():
        try:
            window = freezing.freeze(workflow, **form.cleaned_data, acting_user=person(request))
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            messages.success(request, f"Publication is frozen in {window.where}.")
            return redirect("workflow-settings", slug)
    return show_settings(request, workflow, status, freeze_form=form, refusal=refusal)


@login_required
@require_POST
def freeze_lift(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a freeze before its time."""
    workflow = workflow_or_404(request, slug)
    window = get_object_or_404(
        FreezeWindow.objects.select_related("workflow__team", "environment"),
        workflow=workflow,
        pk=pk,
    )
    try:
        freezing.lift(window, acting_user=person(request))
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, refusal=refusal)
    messages.success(request, "The freeze is lifted.")
    return redirect("workflow-settings", slug)
