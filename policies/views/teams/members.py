"""Who belongs to a workflow's team, and in which role."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from policies.forms.teams.settings import MemberForm
from policies.governance.refusals import Refused
from policies.models import Membership
from policies.services.rules.members import give_role
from policies.services.teams import members
from policies.views.rules.rule_changes import WAITS
from policies.views.teams.settings import show_settings
from policies.views.visible import person, workflow_or_404


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
            change = give_role(
                workflow.team, user, role, acting_user=person(request), why=form.cleaned_data["why"]
            )
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            if change is not None and change.is_waiting:
                messages.success(request, WAITS)
                return redirect(change)
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
