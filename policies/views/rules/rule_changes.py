"""Changes of the rules: what waits for a second person, what was decided, and the decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from policies.forms.review.change import ReasonForm
from policies.governance.refusals import Refused
from policies.governance.rule_words import changed_fields
from policies.models import RuleChange
from policies.models.rule_changes import RuleChangeState
from policies.services.rules import deciding
from policies.views.visible import person

ROWS = 50
WAITS = "Releases rely on this, so it waits for a second person."


@login_required
@require_GET
def rule_changes(request: HttpRequest) -> HttpResponse:
    """Those of one's teams, the ones that wait first."""
    rows = RuleChange.objects.visible_to(request.user).with_related()
    decided = Paginator(rows.exclude(state=RuleChangeState.PROPOSED), ROWS)
    context = {"waiting": rows.waiting(), "page": decided.get_page(request.GET.get("page"))}
    return render(request, "policies/rules/list.html", context)


@login_required
@require_GET
def rule_change(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them: what it loosens, field by field, and who decides."""
    return _show(request, _or_404(request, pk))


@login_required
@require_POST
def rule_change_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person agrees."""
    return _decided(request, pk, deciding.accept, "Accepted. It is in force.")


@login_required
@require_POST
def rule_change_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person refuses."""
    return _decided(request, pk, deciding.reject, "Rejected. Nothing changes.")


@login_required
@require_POST
def rule_change_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what one proposed."""
    change = _or_404(request, pk)
    try:
        deciding.withdraw(change, acting_user=person(request))
    except Refused as refusal:
        return _show(request, change, refusal.status, refusal=refusal)
    messages.success(request, "Withdrawn. Nothing changes.")
    return redirect(change)


def _decided(
    request: HttpRequest, pk: int, decide: Callable[..., RuleChange], sentence: str
) -> HttpResponse:
    change = _or_404(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, change, 422, form=form)
    try:
        decide(change, form.cleaned_data["reason"], acting_user=person(request))
    except Refused as refusal:
        return _show(request, change, refusal.status, refusal=refusal)
    messages.success(request, sentence)
    return redirect(change)


def _or_404(request: HttpRequest, pk: int) -> RuleChange:
    rows = RuleChange.objects.visible_to(request.user).with_related()
    return get_object_or_404(rows, pk=pk)


def _show(request: HttpRequest, change: RuleChange, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "change": change,
        "rows": list(changed_fields(change.before, change.proposed)),
        "form": ReasonForm(),
        "obstacles": deciding.why_not_decide(change, person(request)) if change.is_waiting else [],
        "is_own": change.proposed_by_id == person(request).pk,
    }
    return render(request, "policies/rules/detail.html", context | more, status=status)
