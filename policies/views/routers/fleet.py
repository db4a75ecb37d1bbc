"""The fleet page: which routers run what, and how far a release has come."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from policies.fleet.convergence import Convergence
from policies.fleet.drawing import drawn
from policies.fleet.report import LONGEST_NAME
from policies.fleet.standing import TROUBLES, WORDS, Standing
from policies.fleet.wording import delay_words
from policies.models import Environment, Workflow
from policies.services.routers.convergence import Fleet, convergence_of, fleet_of, is_spreading
from policies.services.routers.instances import (
    GONE,
    STATES,
    Wanted,
    groups_of,
    instances_of,
    standings_of,
)
from policies.services.routers.watching import drift_of
from policies.views.visible import workflow_or_404

PER_PAGE = 50
# Of these a table beside the curve tells when they were reached.
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@login_required
@require_GET
def fleet_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The routers of one environment: the last one of the workflow unless another is chosen."""
    workflow = workflow_or_404(request, slug)
    environments = list(Environment.objects.filter(workflow=workflow))
    environment = _chosen(environments, request.GET.get("env", ""))
    context: dict[str, Any] = {"workflow": workflow, "environments": environments}
    if environment is not None:
        environment.workflow = workflow
        context |= _of_environment(request, workflow, environment)
    return render(request, "policies/routers/fleet.html", context)


def _chosen(environments: list[Environment], name: str) -> Environment | None:
    if not name:
        return environments[-1] if environments else None
    for environment in environments:
        if environment.name == name:
            return environment
    raise Http404


def _of_environment(
    request: HttpRequest, workflow: Workflow, environment: Environment
) -> dict[str, Any]:
    fleet = fleet_of(environment)
    in_force = fleet.in_force
    about: dict[str, Any] = {
        "chosen": environment,
        "fleet": fleet,
        "is_spreading": in_force is not None and is_spreading(in_force, fleet.now),
    }
    if not fleet.routers and not fleet.gone:
        return about
    wanted = _wanted(request)
    pages = Paginator(instances_of(fleet, wanted), PER_PAGE)
    if not wanted.narrows:
        pages.count = _counted(fleet, wanted.state)  # so that it is not counted again
    page = pages.get_page(request.GET.get("page"))
    found = convergence_of(in_force, fleet.now) if in_force else None
    return {
        **about,
        "drift": drift_of(environment),
        "stats": _stats(fleet, found),
        "states": _states(fleet),
        "wanted": wanted,
        "groups": groups_of(fleet),
        "page": page,
        "rows": [(row, standings_of(row)) for row in page],
        **convergence_context(found),
    }


def convergence_context(found: Convergence | None) -> dict[str, Any]:
    """What the curve and the table beside it show."""
    if found is None or not found.arrived:
        return {}
    steps = []
    for share in SHARES:
        reached = next((p.seconds for p in found.curve if p.share >= share - 1e-9), None)
        steps.append((f"{share * 100:.0f}%", delay_words(reached)))
    return {
        "convergence": found,
        "drawing": drawn(found),
        "steps": steps,
        "last_words": delay_words(found.last_s),
    }


def _wanted(request: HttpRequest) -> Wanted:
    """What the address narrows to; what makes no sense there is left out."""
    state, number = request.GET.get("state", ""), request.GET.get("release", "")
    return Wanted(
        state=state if state in STATES else "",
        search=request.GET.get("q", "").strip()[:LONGEST_NAME],
        release=int(number) if number.isdecimal() and len(number) < 10 else None,
        region=request.GET.get("region", "")[:LONGEST_NAME],
        version=request.GET.get("version", "")[:LONGEST_NAME],
    )


def _counted(fleet: Fleet, state: str) -> int:
    if not state:
        return fleet.routers
    return fleet.gone if state == GONE else fleet.counts[Standing(state)]


def _stats(fleet: Fleet, found: Convergence | None) -> list[tuple[str, str, str]]:
    """(label, value, note) of the figures at the head."""
    current = fleet.counts[Standing.CURRENT]
    stats = [("On the release", f"{current:,} of {fleet.routers:,}", "")]
    if found is not None and found.arrived:
        many = f"of {found.waiting:,} that ran when it was published"
        stats += [
            ("Half had it after", delay_words(found.p50_s), many),
            ("99 in 100 after", delay_words(found.p99_s), many),
        ]
    return stats


def _states(fleet: Fleet) -> list[tuple[str, str, str, int]]:
    """(name, label, meaning, routers) of what somebody should look into, and of those gone."""
    states = [
        (str(trouble), WORDS[trouble].label, WORDS[trouble].meaning, fleet.counts[trouble])
        for trouble in TROUBLES
    ]
    return [
        *states,
        (GONE, "Gone", "Said goodbye, or silent for so long that it counts no more.", fleet.gone),
    ]
