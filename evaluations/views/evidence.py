"""The evidence of a change request: what the plan's datasets show, and what was answered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from evaluations.models import ShadowEvaluation
from evaluations.replay.looks import look_sentence
from evaluations.services.runs import answering, planned
from evaluations.services.runs.looks import counting_in_words, fresh_until
from evaluations.services.runs.shown import OnDataset, shown_by
from evaluations.services.runs.telling import conditions_in_words
from policies.forms.review.change import ReasonForm
from policies.governance.refusals import Refused
from policies.models import ChangeRequest, EvidencePlan
from policies.services.review.checks import SET_A_PLAN, no_plan
from policies.services.review.contributing import worked_on
from policies.services.rights import can
from policies.views.visible import change_or_404, person

EXPLORED = 20


@login_required
@require_GET
def change_evidence(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """A part of the review page; by itself a page."""
    return _show(request, change_or_404(request, slug, number))


@login_required
@require_POST
def change_evaluate(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Evaluate the change request on every dataset that the plan requires."""
    change = change_or_404(request, slug, number)
    try:
        runs = planned.evaluate_on_plan(change, acting_user=person(request))
    except Refused as refusal:
        return _show(request, change, refusal.status, refusal=refusal)
    waiting = [run for run in runs if run.is_unfinished]
    if not waiting:
        messages.success(request, "It was measured on the plan already; nothing is left to run.")
        return redirect(change)
    return redirect(waiting[0] if len(waiting) == 1 else change)


@login_required
@require_POST
def fail_answer(request: HttpRequest, slug: str, number: int, pk: int) -> HttpResponse:
    """Answer a failed run of what a change request means."""
    change = change_or_404(request, slug, number)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, change, 422, answering=pk, answer_form=form)
    run = _of_change(change, pk)
    try:
        answering.answer_fail(run, form.cleaned_data["reason"], acting_user=person(request))
    except Refused as refusal:
        return _show(request, change, refusal.status, refusal=refusal)
    messages.success(request, "Answered. The answer stands beside the verdict.")
    return redirect(change)


def _of_change(change: ChangeRequest, pk: int) -> ShadowEvaluation:
    rows = ShadowEvaluation.objects.with_related()
    return get_object_or_404(rows, workflow=change.workflow, pk=pk)


def _show(
    request: HttpRequest, change: ChangeRequest, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "workflow": change.workflow,
        "change": change,
        "answer_form": ReasonForm(),
        **_evidence(change),
        **_rights(change, person(request)),
    }
    part = request.headers.get("HX-Request")
    name = "_evidence.html" if part else "page.html"
    return render(request, f"evaluations/evidence/{name}", context | more, status=status)


def _evidence(change: ChangeRequest) -> dict[str, Any]:
    shown = shown_by(change)
    rows = ShadowEvaluation.objects.with_related().filter(change_request=change)
    context: dict[str, Any] = {
        "running": [run for run in rows.unfinished().defer("result") if run.look],
        "explored": rows.filter(look=0).defer("result")[:EXPLORED],
    }
    if shown is None:
        return {**context, "no_plan": no_plan(change.environment.name), "mend": SET_A_PLAN}
    return {
        **context,
        "plan": shown.plan,
        "conditions": conditions_in_words(shown.plan),
        "counting": counting_in_words(change.environment.name, shown.looks.first),
        "rows": [_row(row, shown.plan) for row in shown.on],
        "history": shown.history,
        "blocking": [run.pk for run in shown.blocking],
    }


def _row(row: OnDataset, plan: EvidencePlan) -> dict[str, Any]:
    run, dataset = row.run, row.dataset
    return {
        "name": row.required.name,
        "dataset": dataset,
        "verdict": row.verdict,
        "reason": row.reason,
        "beforehand": row.beforehand,
        "run": run,
        "look": look_sentence(run.look) if run else "",
        "fresh_until": fresh_until(run, plan) if run else None,
    }


def _rights(change: ChangeRequest, user: User) -> dict[str, bool]:
    team = change.workflow.team
    is_contributor = ChangeRequest.objects.filter(worked_on(user), pk=change.pk).exists()
    return {
        "may_evaluate": change.is_open and can(user, "evaluate", team),
        "may_answer": can(user, "review", team) and not is_contributor,
        "may_set": can(user, "manage_environments", team),
    }
