"""Shadow evaluations in the browser: starting one, watching it, reading its report."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evaluations.forms.runs import RunForm
from evaluations.models import ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.replay.looks import look_sentence
from evaluations.replay.report import SHOWN
from evaluations.services.runs import starting
from evaluations.views.report_context import report_context
from policies.governance.refusals import Refused
from policies.services.rights import can
from policies.views.review.summary import class_labels
from policies.views.visible import person, workflow_or_404
from policies.wording.numbers import span


def _run_or_404(request: HttpRequest, slug: str, pk: int) -> ShadowEvaluation:
    workflow = workflow_or_404(request, slug)
    return get_object_or_404(ShadowEvaluation.objects.with_related(), workflow=workflow, pk=pk)


@login_required
@require_GET
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every evaluation of a workflow, newest first."""
    workflow = workflow_or_404(request, slug)
    rows = ShadowEvaluation.objects.with_related().filter(workflow=workflow).defer("result")
    context = {
        "workflow": workflow,
        "runs": rows[:200],
        "may_evaluate": can(request.user, "evaluate", workflow.team),
    }
    return render(request, "evaluations/runs/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def run_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose candidate and dataset, and start. With `check`, only show what the datasets record."""
    workflow = workflow_or_404(request, slug)
    initial = {"subject": f"change-{request.GET.get('change', '')}",
               "dataset": request.GET.get("dataset", "")}  # fmt: skip
    is_look = "check" in request.POST
    if is_look:
        initial = request.POST.dict()
    form = RunForm(None if is_look else request.POST or None, workflow=workflow, initial=initial)
    status = 200
    if request.method == "POST" and not is_look:
        status = 422
        if form.is_valid():
            try:
                run = starting.start_evaluation(
                    acting_user=person(request),
                    workflow=workflow,
                    dataset=form.cleaned_data["dataset"],
                    candidate=form.candidate,
                    baseline=form.chosen_baseline,
                    change_request=form.change,
                    terms=form.terms,
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                return redirect(run)
    context = {"workflow": workflow, "form": form}
    return render(request, "evaluations/runs/create.html", context, status=status)


@login_required
@require_GET
def run_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Progress while it runs; then the report, verdict and reasons first."""
    return _show(request, _run_or_404(request, slug, pk))


def _show(
    request: HttpRequest,
    run: ShadowEvaluation,
    status: int = 200,
    refusal: Refused | None = None,
) -> HttpResponse:
    context = {
        "workflow": run.workflow,
        "run": run,
        "may_evaluate": can(request.user, "evaluate", run.workflow.team),
        "refusal": refusal,
        "look": look_sentence(run.look),
        **_progress(run),
    }
    if run.status == RunStatus.FINISHED:
        is_shown = run.report["evaluator"] in SHOWN
        labels = class_labels(run.candidate, run.baseline)
        context.update(report_context(run.report, labels) if is_shown else {"is_of_before": True})
        context["others"] = _other_runs(run)
    return render(request, "evaluations/runs/detail.html", context, status=status)


@login_required
@require_GET
def run_progress(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The progress alone, asked for every second; once over, the page is to load anew."""
    run = _run_or_404(request, slug, pk)
    context = {"run": run, "workflow": run.workflow, **_progress(run)}
    response = render(request, "evaluations/runs/_progress.html", context)
    if not run.is_unfinished:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def run_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Stop a run. A refusal shows the evaluation as it stands by now, with the reason."""
    run = _run_or_404(request, slug, pk)
    try:
        starting.cancel_evaluation(run, acting_user=person(request))
    except Refused as refusal:
        status = refusal.status
        return _show(request, _run_or_404(request, slug, pk), status, refusal)
    messages.success(request, "The evaluation is cancelled.")
    return redirect(run)


@login_required
@require_GET
def run_result(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The report as it is stored, byte for byte: its SHA-256 is the digest shown."""
    run = _run_or_404(request, slug, pk)
    response = HttpResponse(run.result or "{}", content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="evaluation-{run.pk}.json"'
    return response


def _progress(run: ShadowEvaluation) -> dict[str, Any]:
    done = run.chunks.aggregate(requests=Sum("requests"))["requests"] or 0
    total = run.requests
    return {"done": done, "total": total, "left": _time_left(run, done, total)}


def _time_left(run: ShadowEvaluation, done: int, total: int) -> str:
    if not run.is_unfinished:
        return ""
    if run.started_at is None or not done:
        return "waiting for a worker" if run.status == RunStatus.QUEUED else "starting"
    elapsed = (timezone.now() - run.started_at).total_seconds()
    left = datetime.timedelta(seconds=elapsed * (total - done) / done)
    return f"about {span(left)} left"


def _other_runs(run: ShadowEvaluation) -> list[ShadowEvaluation]:
    """All other runs of what it does, in whatever words: running until one passes must show."""
    rows = ShadowEvaluation.objects.with_related().filter(workflow=run.workflow)
    others = rows.of_meaning(run.candidate, run.baseline)
    return list(others.exclude(pk=run.pk).defer("result")[:20])
