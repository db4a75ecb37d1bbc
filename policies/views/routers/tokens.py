"""Router tokens: issued, shown once, rotated, revoked."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from policies.forms.teams.settings import RouterTokenForm
from policies.governance.refusals import Refused
from policies.models import RouterToken
from policies.services.routers import tokens
from policies.views.teams.settings import show_settings
from policies.views.visible import person, workflow_or_404


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
            scopes=form.cleaned_data["scopes"],
        )
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, token_form=form, refusal=refusal)
    return show_settings(request, workflow, plain_token=plain)


@login_required
@require_POST
def router_token_rotate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Issue a successor, shown once; the old token works on for a day."""
    workflow = workflow_or_404(request, slug)
    token = get_object_or_404(RouterToken, environment__workflow=workflow, pk=pk)
    try:
        _, plain = tokens.rotate_router_token(token, acting_user=person(request))
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, refusal=refusal)
    token.refresh_from_db()  # until when the old one works on
    return show_settings(request, workflow, plain_token=plain, rotated=token)


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
