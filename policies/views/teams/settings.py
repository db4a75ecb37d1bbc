"""A workflow's settings: what it is for, its team, environments, contracts and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.forms.teams.settings import (
    ContractForm,
    FreezeForm,
    MemberForm,
    RouterTokenForm,
    WorkflowForm,
)
from policies.governance.refusals import Refused
from policies.models import Environment, FreezeWindow, Membership, RouterToken, Workflow
from policies.models.components import ComponentKind
from policies.services.rights import can
from policies.services.routers import tokens
from policies.services.teams import contracts, members, questions, workflows
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
        "members": Membership.objects.filter(team=workflow.team).select_related("user"),
        "reading": questions.reading_of(workflow),
        "contracts": [(kind, label, in_force.get(kind)) for kind, label in ComponentKind.choices],
        "tokens": RouterToken.objects.filter(environment__workflow=workflow).select_related(
            "environment", "created_by"
        ),
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


@login_required
@require_GET
def workflow_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that frames a workflow, on one page."""
    return show_settings(request, workflow_or_404(request, slug))


@login_required
@require_POST
def member_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a person a role in the team."""
    workflow = workflow_or_404(request, slug)
    form = MemberForm(request.POST)
    refusal: Refused | None = None
    status = 422
    if form.is_valid():
        user, role = form.cleaned_data["username"], form.cleaned_data["role"]
        try:
            members.add_member(workflow.team, user, role, acting_user=person(request))
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            messages.success(request, f"{user} now has the role {role}.")
            return redirect("workflow-settings", slug)
    return show_settings(request, workflow, status, member_form=form, refusal=refusal)


@login_required
@require_POST
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a role away."""
    workflow = workflow_or_404(request, slug)
    membership = get_object_or_404(Membership, team=workflow.team, pk=pk)
    try:
        members.remove_member(membership, acting_user=person(request))
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, refusal=refusal)
    messages.success(request, f"{membership.user} no longer has the role {membership.role}.")
    return redirect("workflow-settings", slug)


@login_required
@require_POST
def router_token_issue(request: HttpRequest, slug: str) -> HttpResponse:
    """Issue a router's token; it is shown once."""
    workflow = workflow_or_404(request, slug)
    form = RouterTokenForm(request.POST, workflow=workflow)
    if not form.is_valid():
        return show_settings(request, workflow, 422, token_form=form)
    try:
        _, plain = tokens.issue_router_token(
            form.cleaned_data["environment"],
            form.cleaned_data["name"],
            acting_user=person(request),
            expires_at=form.expires_at(),
        )
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, token_form=form, refusal=refusal)
    return show_settings(request, workflow, plain_token=plain)


@login_required
@require_POST
def router_token_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Revoke a router's token at once."""
    workflow = workflow_or_404(request, slug)
    token = get_object_or_404(RouterToken, environment__workflow=workflow, pk=pk)
    try:
        tokens.revoke_router_token(token, acting_user=person(request))
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, refusal=refusal)
    messages.success(request, f"Token {token.name} is revoked.")
    return redirect("workflow-settings", slug)


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
    fields = ("owner", *contracts.ContractText.__dataclass_fields__)
    initial = {field: getattr(current, field) for field in fields} if current else {}
    form = ContractForm(request.POST or None, team=workflow.team, initial=initial)

    def save() -> None:
        contracts.save_contract(
            workflow,
            kind,
            form.cleaned_data["owner"],
            form.text(),
            acting_user=person(request),
        )

    return _edit(request, workflow, form, f"Contract of the {label.lower()}", save)


def _edit(
    request: HttpRequest,
    workflow: Workflow,
    form: forms.Form,
    heading: str,
    save: Callable[[], None],
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
    context = {"workflow": workflow, "form": form, "heading": heading}
    return render(request, "policies/teams/settings/edit.html", context, status=status)
