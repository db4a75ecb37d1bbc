"""Home and a workflow's overview: what waits for me, and how each workflow is doing."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from evaluations.metrics.board import MetricValue
from evaluations.services.scorecard import headlines
from policies.models import AuditEvent, ChangeRequest, Draft, Environment, Release, Workflow
from policies.services.waiting import waiting_for
from policies.views.visible import person, workflow_or_404

NEWS = 12
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
    """By environment; three queries however many there are."""
    active = {
        release.environment_id: release
        for release in Release.objects.active()
        .filter(environment__in=environments)
        .select_related("workflow", "environment", "published_by")
        .defer("body")
    }
    measured = headlines(environments, now=timezone.now()) if environments else {}
    return {
        environment.pk: Standing(
            environment, active.get(environment.pk), measured.get(environment.pk, [])
        )
        for environment in environments
    }


def _last_visit(request: HttpRequest) -> str:
    """When home was last looked at; remembers that it is being looked at now."""
    before = str(request.session.get("home_seen_at", ""))
    request.session["home_seen_at"] = timezone.now().isoformat()
    return before


def _news(workflows: list[Workflow]) -> list[AuditEvent]:
    events = AuditEvent.objects.filter(workflow__in=workflows, action__in=NEWSWORTHY)
    return list(events.select_related("workflow", "actor")[:NEWS])


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, how each workflow is doing, what changed since my last visit."""
    user = person(request)
    workflows = list(Workflow.objects.visible_to(user).select_related("team"))
    last_environment: dict[int, Environment] = {}
    for environment in Environment.objects.filter(workflow__in=workflows).select_related(
        "workflow"
    ):
        last_environment[environment.workflow_id] = environment
    standings = _standings(list(last_environment.values()))
    open_changes: dict[int, int] = {}
    for workflow_id in (
        ChangeRequest.objects.open()
        .filter(workflow__in=workflows)
        .values_list("workflow_id", flat=True)
    ):
        open_changes[workflow_id] = open_changes.get(workflow_id, 0) + 1
    cards = []
    for workflow in workflows:
        found = last_environment.get(workflow.pk)
        standing = standings[found.pk] if found else None
        cards.append(WorkflowCard(workflow, standing, open_changes.get(workflow.pk, 0)))
    context = {
        "waiting": waiting_for(user),
        "cards": cards,
        "drafts": Draft.objects.open()
        .filter(contributors=user, change=None)
        .select_related("workflow"),
        "news": _news(workflows),
        "last_visit": parse_datetime(_last_visit(request)),
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
        "open_changes": ChangeRequest.objects.with_related().open().filter(workflow=workflow),
        "drafts": Draft.objects.open().filter(workflow=workflow, change=None),
        "news": _news([workflow]),
    }
    return render(request, "evaluations/overview.html", context)
