"""A workflow's settings on one page, and the forms of what it is for and of its contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from policies.forms.teams.environments import FreezeForm
from policies.forms.teams.settings import (
    PEOPLE,
    ContractForm,
    MemberForm,
    RouterTokenForm,
    WorkflowForm,
)
from policies.governance.refusals import Refused
from policies.models import Environment, FreezeWindow, Membership, RouterToken, Workflow
from policies.models.components import ComponentKind
from policies.services.rights import can
from policies.services.routers.reported import with_reports
from policies.services.rules.environments import rules_set_alone
from policies.services.teams import contracts, questions, workflows
from policies.views.visible import person, workflow_or_404


def _context(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    in_force = {contract.kind: contract for contract in contracts.contracts_in_force([workflow])}
    rights = (
        "manage_team",
        "manage_environments",
        "manage_tokens",
        "manage_webhooks",
        "edit_contracts",
        "freeze",
    )
    return {
        "workflow": workflow,
        "environments": Environment.objects.filter(workflow=workflow),
        "set_alone": rules_set_alone(workflow),
        "members": Membership.objects.filter(team=workflow.team).select_related("user"),
        "reading": questions.reading_of(workflow),
        "contracts": [(kind, label, in_force.get(kind)) for kind, label in ComponentKind.choices],
        "tokens": with_reports(
            RouterToken.objects.filter(environment__workflow=workflow), timezone.now()
        ).select_related("environment", "created_by"),
        "member_form": MemberForm(),
        "token_form": RouterTokenForm(workflow=workflow),
        "freeze_form": FreezeForm(workflow=workflow),
        "freezes": FreezeWindow.objects.filter(workflow=workflow)
        .ahead(timezone.now())
        .select_related("environment", "created_by"),
        "rights": {right for right in rights if can(request.user, right, workflow.team)},
    }


def show_settings(
    request: HttpRequest, workflow: Workflow, status: int = 200, **more: Any
) -> HttpResponse:
    context = _context(request, workflow) | more
    return render(request, "policies/teams/settings/settings.html", context, status=status)


CONTRACT_LEDE = (
    "It is complete when all five texts say something. Where the check “Complete contracts” is "
    "required, nothing is approved before it is."
)


@login_required
@require_GET
def workflow_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that frames a workflow, on one page."""
    return show_settings(request, workflow_or_404(request, slug))


@login_required
@require_http_methods(["GET", "POST"])
def workflow_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Say anew what the workflow is for."""
    workflow = workflow_or_404(request, slug)
    words = ("name", "objective", "success_criteria")
    initial = {word: getattr(workflow, word) for word in words}
    form = WorkflowForm(request.POST or None, initial=initial)

    def save() -> None:
        workflows.update_workflow(workflow, **form.cleaned_data, acting_user=person(request))

    return _edit(request, workflow, form, f"Edit {workflow.name}", save)


@login_required
@require_http_methods(["GET", "POST"])
def contract_edit(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Put a new version of a component's contract in force."""
    workflow = workflow_or_404(request, slug)
    if kind not in ComponentKind.values:
        raise Http404
    label = ComponentKind(kind).label
    current = contracts.contract_in_force(workflow, kind)
    fields = (*PEOPLE, *contracts.ContractText.__dataclass_fields__)
    initial = {field: getattr(current, field) for field in fields} if current else {}
    form = ContractForm(request.POST or None, team=workflow.team, initial=initial)

    def save() -> None:
        contracts.save_contract(
            workflow,
            kind,
            form.cleaned_data["owner"],
            form.text(),
            acting_user=person(request),
            deputy=form.cleaned_data["deputy"],
        )

    heading = f"Contract of the {label.lower()}"
    return _edit(request, workflow, form, heading, save, lede=CONTRACT_LEDE)


def _edit(
    request: HttpRequest,
    workflow: Workflow,
    form: forms.Form,
    heading: str,
    save: Callable[[], None],
    lede: str = "",
) -> HttpResponse:
    """Show a form, or save it and go back; a refusal is said on the form."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save()
            except Refused as refusal:
                for reason in refusal.reasons:
                    form.add_error(None, f"{reason.sentence} {reason.resolve}".strip())
                status = refusal.status
            else:
                messages.success(request, "Saved.")
                return redirect("workflow-settings", workflow.slug)
    context = {"workflow": workflow, "form": form, "heading": heading, "lede": lede}
    return render(request, "policies/teams/settings/edit.html", context, status=status)
