"""What a person may look at: anything else does not exist for them."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from policies.models import ChangeRequest, Environment, Release, Workflow
from policies.models.changes import ChangeRequestQuerySet
from policies.models.components import ComponentKind
from policies.services.review.repairs import with_repairs
from policies.views.navigation import counted, show


def person(request: HttpRequest) -> User:
    """The signed-in person; views are behind `login_required`, so there is one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def workflow_or_404(request: HttpRequest, slug: str) -> Workflow:
    """The workflow a page is about; the shell around the page then shows it, too."""
    workflows = Workflow.objects.visible_to(request.user).select_related("team")
    workflow = get_object_or_404(counted(workflows, request.user, "pk"), slug=slug)
    show(request, workflow, workflow)
    return workflow


def kind_or_404(kind: str) -> str:
    if kind not in ComponentKind.values:
        raise Http404
    return kind


def change_or_404(request: HttpRequest, slug: str, number: int) -> ChangeRequest:
    return _change_or_404(request, ChangeRequest.objects.with_related(), slug, number)


def change_to_act_on_or_404(request: HttpRequest, slug: str, number: int) -> ChangeRequest:
    """A change request that an act is about: no page is, so nothing is counted for the shell."""
    rows = ChangeRequest.objects.to_act_on().visible_to(request.user)
    return get_object_or_404(rows, workflow__slug=slug, number=number)


def review_or_404(request: HttpRequest, slug: str, number: int) -> ChangeRequest:
    """A change request with all that its review page reads of it."""
    return _change_or_404(request, ChangeRequest.objects.for_review(), slug, number)


def _change_or_404(
    request: HttpRequest, rows: ChangeRequestQuerySet, slug: str, number: int
) -> ChangeRequest:
    visible = counted(rows.visible_to(request.user), request.user, "workflow")
    change = get_object_or_404(visible, workflow__slug=slug, number=number)
    show(request, change.workflow, change)
    return change


def release_or_404(request: HttpRequest, slug: str, environment: str, number: int) -> Release:
    workflow = workflow_or_404(request, slug)
    releases = Release.objects.select_related(
        "workflow__team",
        "environment",
        "published_by",
        "change__workflow",
        "restores__workflow",
        "restores__environment",
        *(f"bundle__{kind}__workflow" for kind in ComponentKind.values),
    )
    return get_object_or_404(
        with_repairs(releases), workflow=workflow, environment__name=environment, number=number
    )


def environment_or_404(workflow: Workflow, name: str) -> Environment:
    return get_object_or_404(Environment, workflow=workflow, name=name)
