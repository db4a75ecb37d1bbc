"""The four components of a workflow: versions in force, every version, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from policies.differences import describe_difference, document_lines, written_out
from policies.engine import COMPONENTS
from policies.models import ComponentVersion, Draft, Release, Workflow
from policies.models.components import ComponentKind
from policies.services.rights import can
from policies.services.teams import contracts
from policies.views.authoring.reading import reading_context
from policies.views.visible import kind_or_404, workflow_or_404
from policies.wording.whole_numbers import whole_number


@dataclass(frozen=True)
class ComponentCard:
    """One component on the policy page: its newest version, and where which one is in force."""

    kind: str
    label: str
    latest: ComponentVersion | None
    in_force: list[tuple[str, ComponentVersion]]
    contract: Any


def active_releases(workflow: Workflow) -> list[Release]:
    """Active releases in the order of promotion, with their versions at hand."""
    releases = list(
        Release.objects.active()
        .filter(workflow=workflow)
        .select_related("environment", *(f"bundle__{kind}" for kind in COMPONENTS))
        .order_by("environment__position")
    )
    for release in releases:
        for version in release.bundle.versions.values():
            version.workflow = workflow  # its address needs the slug, which is at hand
    return releases


def _versions(workflow: Workflow) -> QuerySet[ComponentVersion]:
    versions = ComponentVersion.objects.filter(workflow=workflow)
    return versions.select_related("workflow", "created_by")


@login_required
@require_GET
def workflow_policy(request: HttpRequest, slug: str) -> HttpResponse:
    """The four components at a glance, and the drafts under way."""
    workflow = workflow_or_404(request, slug)
    releases = active_releases(workflow)
    latest: dict[str, ComponentVersion] = {}
    for version in _versions(workflow).defer("document"):
        latest.setdefault(version.kind, version)
    agreed = {found.kind: found for found in contracts.contracts_in_force([workflow])}
    cards = [
        ComponentCard(
            kind,
            label,
            latest.get(kind),
            [(found.environment.name, getattr(found.bundle, kind)) for found in releases],
            agreed.get(kind),
        )
        for kind, label in ComponentKind.choices
    ]
    drafts = Draft.objects.open().filter(workflow=workflow)
    drafts = drafts.select_related("workflow", "created_by", "change__workflow")
    context = {
        "workflow": workflow,
        "section": "policy",
        "cards": cards,
        "drafts": drafts.prefetch_related("contributors"),
        "can_edit": can(request.user, "edit_drafts", workflow.team),
    }
    return render(request, "policies/authoring/components/policy.html", context)


@login_required
@require_GET
def component(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Every version of one component."""
    workflow = workflow_or_404(request, slug)
    versions = _versions(workflow).filter(kind=kind_or_404(kind))
    context = _component_context(workflow, kind) | {
        "versions": versions.defer("document"),
    }
    return render(request, "policies/authoring/components/component.html", context)


def _component_context(workflow: Workflow, kind: str) -> dict[str, Any]:
    where: dict[int, list[str]] = {}
    for release in active_releases(workflow):
        version = getattr(release.bundle, kind)
        where.setdefault(version.number, []).append(release.environment.name)
    return {
        "workflow": workflow,
        "section": "policy",
        "kind": kind,
        "label": ComponentKind(kind).label,
        "in_force": where,
    }


@login_required
@require_GET
def component_version(request: HttpRequest, slug: str, kind: str, number: int) -> HttpResponse:
    """One version, to read."""
    workflow = workflow_or_404(request, slug)
    versions = _versions(workflow).filter(kind=kind_or_404(kind))
    version = get_object_or_404(versions, number=number)
    numbers = list(versions.values_list("number", flat=True))
    context = _component_context(workflow, kind)
    context |= {
        "version": version,
        "earlier": next((found for found in numbers if found < number), None),
        "later": next((found for found in reversed(numbers) if found > number), None),
        "where": context["in_force"].get(number, []),
        **reading_context(kind, version.document),
    }
    return render(request, "policies/authoring/components/version.html", context)


@login_required
@require_GET
def component_diff(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """What differs between two versions, ``?from=3&to=5``; by default the latest two."""
    workflow = workflow_or_404(request, slug)
    versions = list(_versions(workflow).filter(kind=kind_or_404(kind)))
    by_number = {version.number: version for version in versions}
    if not versions:
        raise Http404
    new = by_number.get(_number(request, "to", versions[0].number))
    old = by_number.get(_number(request, "from", versions[min(1, len(versions) - 1)].number))
    if new is None or old is None:
        raise Http404
    before, after = written_out(kind, old.document), written_out(kind, new.document)
    context = _component_context(workflow, kind) | {
        "versions": versions,
        "old": old,
        "new": new,
        "changes": describe_difference(kind, before, after, classification=new.classification()),
        "lines": document_lines(before, after),
    }
    return render(request, "policies/authoring/components/diff.html", context)


def _number(request: HttpRequest, name: str, otherwise: int) -> int:
    number = whole_number(request.GET.get(name, ""))
    return otherwise if number is None else number
