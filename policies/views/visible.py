"""What a person may look at: anything else does not exist for them."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from policies.models import ChangeRequest, Environment, Release, Workflow


def person(request: HttpRequest) -> User:
    """The signed-in person; views are behind `login_required`, so there is one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def workflow_or_404(request: HttpRequest, slug: str) -> Workflow:
    workflows = Workflow.objects.visible_to(request.user).select_related("team")
    return get_object_or_404(workflows, slug=slug)


def change_or_404(request: HttpRequest, slug: str, number: int) -> ChangeRequest:
    workflow = workflow_or_404(request, slug)
    return get_object_or_404(ChangeRequest.objects.with_related(), workflow=workflow, number=number)


def release_or_404(request: HttpRequest, slug: str, environment: str, number: int) -> Release:
    workflow = workflow_or_404(request, slug)
    releases = Release.objects.select_related(
        "workflow__team", "environment", "bundle", "published_by", "change", "restores"
    )
    return get_object_or_404(
        releases, workflow=workflow, environment__name=environment, number=number
    )


def environment_or_404(workflow: Workflow, name: str) -> Environment:
    return get_object_or_404(Environment, workflow=workflow, name=name)
