"""Datasets in the browser: what is there, bringing one in, and what one holds."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from evaluations.datasets.problems import DatasetError, Problems
from evaluations.datasets.sample import sample_rows
from evaluations.forms.datasets import DatasetForm
from evaluations.models import Dataset
from evaluations.services.datasets import importing
from evaluations.services.datasets.sealed import open_part, sealed_share_of
from policies.governance.refusals import Refused
from policies.models import Workflow
from policies.services.rights import can
from policies.views.visible import person, workflow_or_404

SAMPLE = 12


@login_required
@require_GET
def dataset_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every dataset of a workflow."""
    return show_datasets(request, workflow_or_404(request, slug))


def show_datasets(
    request: HttpRequest, workflow: Workflow, status: int = 200, refusal: Refused | None = None
) -> HttpResponse:
    """The list, after a refusal with its reason above."""
    rows = Dataset.objects.filter(workflow=workflow).annotate(runs=Count("evaluations"))
    context = {
        "workflow": workflow,
        "datasets": rows.select_related("created_by"),
        "may_import": can(request.user, "evaluate", workflow.team),
        "refusal": refusal,
    }
    return render(request, "evaluations/datasets/list.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def dataset_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload a file; every faulty line is shown with what would mend it."""
    workflow = workflow_or_404(request, slug)
    form = DatasetForm(request.POST or None, request.FILES or None)
    problems: Problems | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _imported(request, workflow, form.cleaned_data)
            except DatasetError as error:
                problems = error.problems
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = 403
    context = {"workflow": workflow, "form": form, "problems": problems}
    return render(request, "evaluations/datasets/import.html", context, status=status)


def _imported(request: HttpRequest, workflow: Workflow, data: dict[str, Any]) -> HttpResponse:
    upload, prices = data["file"], data["prices"]
    table = importing.read_prices(prices.read()) if prices else None
    before = Dataset.objects.filter(workflow=workflow).count()
    dataset = importing.import_upload(
        workflow,
        upload.chunks(),
        acting_user=person(request),
        name=data["name"],
        source_name=upload.name,
        prices=table,
        is_simulated=data["is_simulated"],
    )
    is_new = Dataset.objects.filter(workflow=workflow).count() > before
    words = "imported" if is_new else "was imported before; these are the same rows"
    messages.success(request, f"{dataset.name}: {words}.")
    return redirect(dataset)


@login_required
@require_GET
def dataset_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a dataset holds: shape, models, tasks, attributes, rows to read, and its runs."""
    workflow = workflow_or_404(request, slug)
    dataset = get_object_or_404(
        Dataset.objects.select_related("workflow", "created_by"), workflow=workflow, pk=pk
    )
    summary = dataset.summary
    tasks = sorted(summary["tasks"].items(), key=lambda item: (-item[1], item[0]))
    context = {
        "workflow": workflow,
        "dataset": dataset,
        "models": summary["models"].items(),
        "tasks": [(name, count, count / dataset.requests) for name, count in tasks],
        "attributes": summary["attributes"].items(),
        "excluded": summary["excluded_features"].items(),
        "sample": sample_rows(dataset.path, SAMPLE, open_part(dataset)),
        "sealed_share": sealed_share_of(dataset),
        "prices": json.dumps(dataset.prices, indent=2) if dataset.prices else "",
        "runs": dataset.evaluations.with_related()[:20],
        "may_evaluate": can(request.user, "evaluate", workflow.team),
    }
    return render(request, "evaluations/datasets/detail.html", context)
