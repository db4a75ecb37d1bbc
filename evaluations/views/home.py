"""Home and a workflow's overview: what waits for me, and how each workflow is doing."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from evaluations.metrics.board import MetricValue
from evaluations.services.scorecard.measured import active_releases
from evaluations.services.scorecard.scorecard import headlines
from policies.governance.transitions import OPEN_STATES
from policies.models import (
    AuditEvent,
    ChangeRequest,
    Draft,
    Environment,
    Release,
    Workflow,
)
from policies.services.authoring.retirements import retiring_in_force
from policies.services.releases.breaking_glass import open_debts
from policies.services.review.protection import freezes_ahead
from policies.services.review.waiting import waiting_for
from policies.services.rules import deciding
from policies.services.teams import questions
from policies.views.visible import person, workflow_or_404

NEWS = 12
CARDS = 20
SAME_VISIT = datetime.timedelta(minutes=30)
# What people ask about later; saves and cut versions would only drown it.
NEWSWORTHY = (
    "draft.created",
    "change.opened",
    "change.submit",
    "change.withdraw",
    "change.commented",
    "review.approve",
    "review.request_changes",
    "review.reject",
    "release.publication",
    "release.rollback",
    "release.break_glass",
    "change.schedule_failed",
    "freeze.created",
    "freeze.lifted",
    "debt.paid",
    "debt.closed",
    "evaluation.finished",
    "dataset.imported",
)


@dataclass(frozen=True)
class Standing:
    """One environment of a workflow: what is active there and how it does."""

    environment: Environment
    release: Release | None
    metrics: list[MetricValue]

    @property
    def has_outcomes(self) -> bool:
        return any(metric.samples for metric in self.metrics)


@dataclass(frozen=True)
class WorkflowCard:
    """A workflow as home shows it: its production, and what is on the way."""

    workflow: Workflow
    standing: Standing | None
    open_changes: int


def _standings(environments: list[Environment]) -> dict[int, Standing]:
    """By environment; two queries however many there are."""
    if not environments:
        return {}
    active = active_releases(environments)
    measured = headlines(environments, active, now=timezone.now())
    return {
        environment.pk: Standing(
            environment,
            active.get(environment.pk),
            measured[environment.pk],
        )
        for environment in environments
    }


def _last_visit(request: HttpRequest) -> datetime.datetime | None:
    """When the visit before this one was. Coming back within half an hour is the same visit."""
    now = timezone.now()
    visit = request.session.get("visit", {})
    seen = parse_datetime(visit.get("seen", ""))
    if seen is None or now - seen > SAME_VISIT:
        visit = {"seen": now.isoformat(), "before": visit.get("seen", "")}
        request.session["visit"] = visit
    return parse_datetime(visit["before"])


def _news(workflows: QuerySet[Workflow]) -> list[AuditEvent]:
    events = AuditEvent.objects.filter(workflow__in=workflows, action__in=NEWSWORTHY)
    return list(events.select_related("workflow", "actor")[:NEWS])


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, how each workflow is doing, what changed since my last visit."""
    user = person(request)
    counted = Workflow.objects.visible_to(user).annotate(
        open_changes=Count("changes", Q(changes__state__in=OPEN_STATES), distinct=True)
    )
    counted = counted.order_by("name")  # counting drops the usual order
    page = Paginator(counted, CARDS).get_page(request.GET.get("page"))
    workflows = list(page)
    last_environment: dict[int, Environment] = {}
    for environment in Environment.objects.filter(workflow__in=workflows).select_related(
        "workflow"
    ):
        last_environment[environment.workflow_id] = environment
    standings = _standings(list(last_environment.values()))
    cards = []
    for workflow in workflows:
        found = last_environment.get(workflow.pk)
        standing = standings[found.pk] if found else None
        open_changes = workflow.open_changes  # type: ignore[attr-defined]  # counted above
        cards.append(WorkflowCard(workflow, standing, open_changes))
    debts = list(open_debts(user))
    context = {
        "waiting": waiting_for(user, debts),
        "rule_changes": deciding.waiting_for(user),
        "debts": debts,
        "cards": cards,
        "workflows": workflows,
        "page": page,
        "drafts": Draft.objects.open()
        .filter(contributors=user, change=None)
        .select_related("workflow"),
        "news": _news(Workflow.objects.visible_to(user)),
        "last_visit": _last_visit(request),
    }
    return render(request, "evaluations/home.html", context)


@login_required
@require_GET
def workflow_overview(request: HttpRequest, slug: str) -> HttpResponse:
    """One workflow at a glance: each environment, what is open, what happened."""
    workflow = workflow_or_404(request, slug)
    environments = list(Environment.objects.filter(workflow=workflow))
    standings = _standings(environments)
    context = {
        "workflow": workflow,
        "standings": [standings[environment.pk] for environment in reversed(environments)],
        "debts": open_debts(person(request)).filter(change__workflow=workflow),
        "freezes": freezes_ahead(workflow),
        "open_changes": ChangeRequest.objects.with_related().open().filter(workflow=workflow),
        "drafts": Draft.objects.open()
        .filter(workflow=workflow, change=None)
        .select_related("workflow"),
        "news": _news(Workflow.objects.filter(pk=workflow.pk)),
        "reading": questions.reading_of(workflow),
        "retiring": retiring_in_force(workflow),
    }
    return render(request, "evaluations/overview.html", context)
