"""What a caller may look at: anything else does not exist for them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from policies.models import ChangeRequest, Draft, Environment, Release, Team, Workflow
from policies.models.changes import ChangeRequestQuerySet
from policies.models.components import ComponentKind
from policies.services.review.repairs import with_repairs


def person(request: Request) -> User:
    """The caller; every operation of people demands one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def visible_teams(request: Request) -> QuerySet[Team]:
    user = person(request)
    teams = Team.objects.all()
    return teams if user.is_superuser else teams.filter(memberships__user=user).distinct()


def team_or_404(request: Request, slug: str) -> Team:
    return get_object_or_404(visible_teams(request), slug=slug)


def workflow_or_404(request: Request, slug: str) -> Workflow:
    visible = Workflow.objects.visible_to(person(request)).select_related("team")
    return get_object_or_404(visible, slug=slug)


def environment_or_404(request: Request, slug: str, name: str) -> Environment:
    workflow = workflow_or_404(request, slug)
    rows = Environment.objects.select_related("workflow__team")
    return get_object_or_404(rows, workflow=workflow, name=name)


def kind_or_404(kind: str) -> str:
    if kind not in ComponentKind.values:
        raise Http404
    return kind


def draft_or_404(request: Request, slug: str, pk: int) -> Draft:
    workflow = workflow_or_404(request, slug)
    rows = Draft.objects.select_related("workflow__team", "created_by", "change")
    return get_object_or_404(rows, workflow=workflow, pk=pk)


def change_or_404(request: Request, slug: str, number: int) -> ChangeRequest:
    return _change_or_404(request, ChangeRequest.objects.with_related(), slug, number)


def change_to_act_on_or_404(request: Request, slug: str, number: int) -> ChangeRequest:
    """A change request that is read anew for the act, or for what is shown of it."""
    return _change_or_404(request, ChangeRequest.objects.to_act_on(), slug, number)


def _change_or_404(
    request: Request, rows: ChangeRequestQuerySet, slug: str, number: int
) -> ChangeRequest:
    visible = rows.visible_to(person(request))
    return get_object_or_404(visible, workflow__slug=slug, number=number)


def release_rows() -> QuerySet[Release]:
    rows = Release.objects.and_what_they_owe().select_related(
        "workflow__team", "environment", "bundle", "published_by", "change", "restores"
    )
    return with_repairs(rows)


def release_or_404(request: Request, slug: str, environment: str, number: int) -> Release:
    workflow = workflow_or_404(request, slug)
    return get_object_or_404(
        release_rows(), workflow=workflow, environment__name=environment, number=number
    )
