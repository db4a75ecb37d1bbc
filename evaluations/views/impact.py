"""The blast radius of a change request or a draft: a page, and the part of other pages it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from evaluations.figures.evaluation import model_name
from evaluations.figures.impact import moves_figure
from evaluations.impact import Impact, Move, Slice
from evaluations.impact.wording import (
    BASES,
    cost_sentence,
    headline,
    notices,
    per_thousand,
    requests_named,
    share_text,
    signed_percent,
)
from evaluations.models import Dataset
from evaluations.services.datasets.standing import choose_standing_dataset, standing_dataset
from evaluations.services.impact import checking
from evaluations.services.impact import measuring as impacts
from evaluations.views.datasets import show_datasets
from policies.engine import DocumentError, EngineError
from policies.governance.refusals import Refused
from policies.models import Draft, Workflow
from policies.services.rights import can
from policies.views.visible import change_or_404, person, workflow_or_404
from policies.wording.whole_numbers import whole_number

SHOWN = 20


@dataclass(frozen=True)
class Row:
    """A class or a tenant in a table, in words."""

    label: str
    sub: str
    requests: int
    share: float
    model: str
    class_: str
    chain: str
    cost: str


@dataclass(frozen=True)
class MoveRow:
    source: str
    target: str
    stays: bool
    requests: int
    share: float
    cost: str


@login_required
@require_GET
def change_impact(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What a change request would do; the recorded one, else measured now."""
    change = change_or_404(request, slug, number)
    subject = {"change": change, "title": f"#{change.number} {change.title}", "back": change}
    try:
        if request.GET.get("on") == "week":
            weekly = impacts.weekly_impact_of(*impacts.bundles_of(change), change.workflow)
            return _week(request, weekly)
        found = checking.kept_impact(change) or impacts.impact_of_change(change)
    except (EngineError, duckdb.Error, OSError) as error:
        return _unmeasured(request, change.workflow, subject, str(error))
    return _show(request, change.workflow, subject, found, change.bundle.content)


@login_required
@require_GET
def draft_impact(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a draft, as it is saved, would do against what is in force."""
    workflow = workflow_or_404(request, slug)
    rows = Draft.objects.filter(workflow=workflow).prefetch_related("documents")
    draft = get_object_or_404(
        rows.select_related("workflow", "change__base_release__bundle"), pk=pk
    )
    subject = {"draft": draft, "title": draft.title, "back": draft}
    try:
        found = impacts.impact_of_draft(draft)
    except DocumentError:
        why = "It is measured as soon as the four documents are right and fit together."
        return _unmeasured(request, workflow, subject, why)
    except (EngineError, duckdb.Error, OSError) as error:
        return _unmeasured(request, workflow, subject, str(error))
    documents = {row.kind: row.document for row in draft.documents.all()}
    return _show(request, workflow, subject, found, documents)


@login_required
@require_POST
def standing_choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Measure the workflow's blast radius on another dataset, or always on the newest."""
    workflow = workflow_or_404(request, slug)
    chosen = request.POST.get("dataset", "")
    dataset = None
    if chosen:
        dataset = get_object_or_404(Dataset, workflow=workflow, pk=whole_number(chosen))
    try:
        choose_standing_dataset(workflow, dataset, acting_user=person(request))
    except Refused as refusal:
        status = refusal.status
        return show_datasets(request, workflow, status, refusal)
    name = f"“{dataset.name}”" if dataset else "the newest dataset"
    messages.success(request, f"The blast radius is measured on {name} from now on.")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return redirect(back)
    return redirect("datasets", workflow.slug)


def impact_context(found: Impact, content: Any) -> dict[str, Any]:
    """Template context of an impact; `content` holds the documents that label its classes."""
    labels = _class_labels(content)
    return {
        "impact": found,
        "headline": headline(found),
        "cost_sentence": cost_sentence(found),
        "measured_on": requests_named(found),
        "notices": notices(found),
        "figures": _figures(found),
        "flows": moves_figure(found),
        "moves": [_move_row(found, move) for move in found.moves[:SHOWN]],
        "more_moves": max(0, len(found.moves) - SHOWN),
        "classes": list(_rows(found, found.by_class, labels)),
        "tenants": list(_rows(found, found.by_tenant[:SHOWN], {})),
        "more_tenants": max(0, len(found.by_tenant) - SHOWN),
    }


def _show(
    request: HttpRequest, workflow: Workflow, subject: dict[str, Any], found: Impact, content: Any
) -> HttpResponse:
    may_choose = can(request.user, "evaluate", workflow.team)
    context = {
        "workflow": workflow,
        **subject,
        **impact_context(found, content),
        "datasets": Dataset.objects.filter(workflow=workflow)[:SHOWN] if may_choose else [],
        "standing": standing_dataset(workflow),
    }
    return render(request, _template(request), context)


def _unmeasured(
    request: HttpRequest, workflow: Workflow, subject: dict[str, Any], why: str
) -> HttpResponse:
    context = {"workflow": workflow, **subject, "impact": None, "why": why}
    return render(request, _template(request), context)


def _week(request: HttpRequest, found: Impact | None) -> HttpResponse:
    context: dict[str, Any] = {"impact": found}
    if found is not None:
        context |= {"headline": headline(found), "cost_sentence": cost_sentence(found)}
    return render(request, "evaluations/impact/_week.html", context)


def _template(request: HttpRequest) -> str:
    part = request.headers.get("HX-Request")
    return "evaluations/impact/_impact.html" if part else "evaluations/impact/page.html"


def _figures(found: Impact) -> list[dict[str, str]]:
    """The four numbers a reviewer reads first."""
    if not found.base_digest or not found.total.affected:
        return []
    total = found.total
    figures = [
        {"label": label, "value": share_text(total.share(count)), "note": _of(count)}
        for label, count in (
            ("Another model", total.model_changed),
            ("Another class", total.class_changed),
            ("Other fallbacks", total.chain_changed),
        )
    ]
    cost = found.cost
    relative = "" if cost.relative is None else f"{signed_percent(cost.relative)}, "
    figures.append(
        {
            "label": "Cost per 1,000 requests",
            "value": per_thousand(cost.mean_usd, signed=True),
            "note": f"{relative}{BASES[cost.basis]}",
        }
    )
    return figures


def _of(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _rows(found: Impact, parts: Iterable[Slice], labels: dict[str, str]) -> Iterable[Row]:
    for part in parts:
        label = labels.get(part.key, part.key)
        yield Row(
            label=label,
            sub=part.key if label != part.key else "",
            requests=part.requests,
            share=part.requests / found.looked_at,
            model=_share_or_none(part, part.model_changed),
            class_=_share_or_none(part, part.class_changed),
            chain=_share_or_none(part, part.chain_changed),
            cost=_cost(part.cost_change_usd),
        )


def _share_or_none(part: Slice, count: int) -> str:
    return share_text(part.share(count)) if count else "none"


def _cost(usd: float | None) -> str:
    return "unchanged" if usd == 0 else per_thousand(usd, signed=True)


def _move_row(found: Impact, move: Move) -> MoveRow:
    stays = move.source == move.target and bool(found.base_digest)
    source = model_name(move.source) if found.base_digest else "nothing released"
    return MoveRow(
        source=source,
        target=model_name(move.target),
        stays=stays,
        requests=move.requests,
        share=move.requests / found.looked_at,
        cost="" if stays else _cost(move.cost_change_usd),
    )


def _class_labels(content: Any) -> dict[str, str]:
    try:
        classes = content["request_classification"]["classes"]
        return {entry["key"]: entry.get("label") or entry["key"] for entry in classes}
    except (KeyError, TypeError):
        return {}
