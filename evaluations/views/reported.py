"""Taking back what a router's token reported, from the settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evaluations.services.outcomes.removing import remove_reported
from policies.governance.refusals import Refused
from policies.models import RouterToken
from policies.views.teams.settings import show_settings
from policies.views.visible import person, workflow_or_404


@login_required
@require_POST
def reports_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove all that was reported with a token."""
    workflow = workflow_or_404(request, slug)
    rows = RouterToken.objects.select_related("environment__workflow__team")
    token = get_object_or_404(rows, environment__workflow=workflow, pk=pk)
    try:
        removed = remove_reported(token, acting_user=person(request))
    except Refused as refusal:
        return show_settings(request, workflow, refusal.status, refusal=refusal)
    messages.success(
        request,
        f"What {token.name} reported is removed: {removed.outcomes:,} outcomes, "
        f"{removed.summaries:,} minute sums, {removed.routers:,} routers and its feedback on "
        f"{removed.feedback:,} outcomes of others. "
        f"{removed.hours:,} hours are being summed again.",
    )
    return redirect("workflow-settings", slug)
