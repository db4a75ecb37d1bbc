"""The scorecard in the browser: four layers over time, their tables, and a download."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from evaluations.figures.scorecard import confusion_classes, confusion_figure, metric_figure
from evaluations.metrics.board import MetricValue
from evaluations.metrics.change import COUNTED, LOOKING_BACK
from evaluations.metrics.definitions import DEFINITIONS
from evaluations.metrics.formats import value_text
from evaluations.metrics.periods import DEFAULT_PERIOD, PERIODS
from evaluations.services.scorecard.scorecard import Filters, Scorecard, scorecard
from policies.models import Environment, Workflow
from policies.views.visible import workflow_or_404

# What each period is compared with: whole weeks earlier, so that weekdays meet.
BEFORE_LABELS = {
    "24h": "the same day a week before",
    "7d": "the week before",
    "28d": "the 28 days before",
    "90d": "the 90 days before",
}
PERIOD_LABELS = {"24h": "24 hours", "7d": "7 days", "28d": "28 days", "90d": "90 days"}


@dataclass(frozen=True, slots=True)
class Plot:
    """A metric with its figure and what that shows; it is None where no value is known."""

    metric: MetricValue
    figure: dict[str, Any] | None
    note: str

    @property
    def figure_id(self) -> str:
        return f"figure-{self.metric.name}"


@login_required
@require_GET
def scorecard_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page, or for htmx its body alone; the filters live in the address."""
    workflow = workflow_or_404(request, slug)
    environments = environments_of(workflow)
    environment = chosen(environments, request.GET.get("env", ""))
    found = scorecard(environment, filters_of(request.GET), now=timezone.now())
    context = {
        "workflow": workflow,
        "environment": environment.name,
        "environments": environments,
        "periods": PERIOD_LABELS,
        "before_label": BEFORE_LABELS[found.filters.period],
        "scorecard": found,
        "layers": [(layer, _plots(layer.metrics, found)) for layer in found.layers],
        "confusion": _confusion(found),
        "providers": _providers(found),
        "breakdowns": _breakdowns(request, found),
        "outcomes_url": request.build_absolute_uri("/api/v1/outcomes"),
    }
    return _rendered(request, "body", "page", context)


@login_required
@require_GET
def scorecard_table(request: HttpRequest, slug: str, metric: str) -> HttpResponse:
    """The figures of one plot: a fragment for htmx, else a page of its own."""
    if metric not in DEFINITIONS:
        raise Http404
    workflow = workflow_or_404(request, slug)
    environment = chosen(environments_of(workflow), request.GET.get("env", ""))
    found = scorecard(environment, filters_of(request.GET), now=timezone.now())
    value = next(entry for entry in found.metrics if entry.name == metric)
    context = {
        "workflow": workflow,
        "environment": environment.name,
        "metric": value,
        "points": [(time, value_text(value.metric.unit, number)) for time, number in value.series],
    }
    return _rendered(request, "points", "table", context)


@login_required
@require_GET
def scorecard_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The board as CSV, numbers as they are."""
    workflow = workflow_or_404(request, slug)
    environment = chosen(environments_of(workflow), request.GET.get("env", ""))
    found = scorecard(environment, filters_of(request.GET), now=timezone.now())
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"scorecard-{workflow.slug}-{environment.name}-{found.filters.period}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_csv_row(metric) for metric in found.metrics)
    return response


CSV_COLUMNS = (
    "layer", "metric", "unit", "value", "samples", "op", "target", "verdict",
    "previous", "change", "change_low", "change_high", "reading",
)  # fmt: skip


def _csv_row(found: MetricValue) -> list[object]:
    target, trend = found.target, found.trend
    return [
        found.metric.layer,
        found.name,
        found.metric.unit,
        found.value,
        found.samples,
        *((target.threshold.op, target.bound, target.verdict) if target else (None, None, "")),
        *((trend.previous, trend.change, trend.low, trend.high) if trend else (None,) * 4),
        found.trend_reading,
    ]


def _rendered(
    request: HttpRequest, fragment: str, page: str, context: dict[str, Any]
) -> HttpResponse:
    """The fragment for htmx, else the page; caches must not take one for the other."""
    template = fragment if request.headers.get("HX-Request") else page
    response = render(request, f"evaluations/scorecard/{template}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def environments_of(workflow: Workflow) -> list[Environment]:
    return list(workflow.environments.select_related("workflow").order_by("position", "name"))


def chosen(environments: list[Environment], name: str) -> Environment:
    """The environment named, else the last of promotion, where the traffic that matters is."""
    named = [found for found in environments if not name or found.name == name]
    if not named:
        raise Http404
    return named[-1]


def filters_of(query: QueryDict) -> Filters:
    """What the address asks for; a period that does not exist is the usual one."""
    period = query.get("period", DEFAULT_PERIOD)
    return Filters(
        period if period in PERIODS else DEFAULT_PERIOD,
        query.get("class", ""),
        query.get("model", ""),
        query.get("release", ""),
    )


def _plots(metrics: tuple[MetricValue, ...], found: Scorecard) -> list[Plot]:
    return [
        Plot(
            metric,
            metric_figure(metric, found.markers, found.window)
            if any(metric.values if metric.name in COUNTED else _known(metric))
            else None,
            _note(metric, found),
        )
        for metric in metrics
    ]


def _note(metric: MetricValue, found: Scorecard) -> str:
    if metric.name not in LOOKING_BACK:
        return metric.meaning
    return f"{metric.meaning} Each point covers the {PERIOD_LABELS[found.filters.period]} up to it."


def _known(metric: MetricValue) -> list[bool]:
    return [value is not None for value in metric.values]


def _confusion(found: Scorecard) -> dict[str, Any] | None:
    if not found.confusion:
        return None
    labels, classes = found.class_labels, confusion_classes(found.confusion, found.class_labels)
    rows = []
    for label in classes:
        counts = [found.confusion.get((taken, label), [0])[0] for taken in classes]
        rows.append((labels.get(label, label), counts, sum(counts)))
    return {
        "figure": confusion_figure(found.confusion, labels),
        "columns": [labels.get(key, key or "none") for key in classes],
        "rows": rows,
    }


def _breakdowns(request: HttpRequest, found: Scorecard) -> list[dict[str, Any]]:
    """The same few metrics by class, model and release, each row a link that narrows to it."""
    return [
        {
            "title": title,
            "column": column,
            "rows": [(part, _narrowed(request, name, part.key)) for part in parts],
        }
        for title, column, name, parts in (
            ("By class", "Class", "class", found.by_class),
            ("By model chosen", "Model", "model", found.by_model),
            ("By release", "Release", "release", found.by_release),
        )
    ]


def _narrowed(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query[name] = value
    return f"?{query.urlencode()}"


def _providers(found: Scorecard) -> list[dict[str, Any]]:
    total = sum(found.providers.values())
    ordered = sorted(found.providers.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"label": label, "requests": requests, "share": requests / total}
        for label, requests in ordered
    ]
