"""Releases in the browser: what is in force where, and the way back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from policies.forms.review.change import PromotionForm, ReasonForm
from policies.governance.refusals import Refused
from policies.interop import FORMATS
from policies.models import Environment, Release, ReviewDebt
from policies.models.changes import CheckKind
from policies.models.components import ComponentKind
from policies.services.authoring.catalogue_moves import catalogue_moves
from policies.services.releases import contents, publication, sealing
from policies.services.review.protection import freezes_ahead
from policies.services.review.repairs import with_repairs
from policies.services.routers.convergence import convergence_of, is_spreading, spread_of
from policies.services.teams import questions
from policies.views.visible import person, release_or_404, workflow_or_404

CHECK_LABELS = dict(CheckKind.choices)


@login_required
@require_GET
def release_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All releases by environment, the active one first."""
    workflow = workflow_or_404(request, slug)
    chosen = request.GET.get("env", "")
    releases = (
        Release.objects.filter(workflow=workflow)
        .and_what_they_owe()
        .select_related(
            "workflow", "environment", "bundle", "published_by", "change__workflow", "restores"
        )
    )
    releases = with_repairs(releases).defer("body", "signature", "bundle__content")
    if chosen:
        releases = releases.filter(environment__name=chosen)
    context = {
        "workflow": workflow,
        "releases": releases,
        "environments": Environment.objects.filter(workflow=workflow),
        "freezes": freezes_ahead(workflow),
        "debts": ReviewDebt.objects.open().with_related().filter(change__workflow=workflow),
        "chosen": chosen,
    }
    return render(request, "policies/releases/list.html", context)


def _detail(
    request: HttpRequest,
    release: Release,
    roll_back_form: ReasonForm,
    promotion_form: PromotionForm,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "workflow": release.workflow,
        "environment": release.environment.name,
        "release": release,
        "debt": contents.debt_of(release),
        "spread": spread_of(release) if release.is_active else None,
        "is_spreading": is_spreading(release),
        "convergence": convergence_of(release),
        "roll_back_form": roll_back_form,
        "roll_back_obstacles": publication.why_not_roll_back(release, person(request)),
        "promotion_form": promotion_form,
        "moved": catalogue_moves(release.bundle.content) if release.is_active else [],
        "refusal": refusal,
        "formats": FORMATS.values(),
        "reading": questions.reading_of(release.workflow, at=release.published_at),
        "attested_checks": [
            (CHECK_LABELS.get(check["kind"], check["kind"]), check)
            for check in release.attestation.get("checks", [])
        ],
        "versions": [
            (ComponentKind(kind).label, version)
            for kind, version in release.bundle.versions.items()
        ],
    }
    return render(request, "policies/releases/detail.html", context, status=status)


def _promotion_form(request: HttpRequest, release: Release, bound: bool) -> PromotionForm:
    others = Environment.objects.filter(workflow=release.workflow).exclude(
        pk=release.environment_id
    )
    return PromotionForm(request.POST if bound else None, others=others)


@login_required
@require_GET
def release_detail(request: HttpRequest, slug: str, environment: str, number: int) -> HttpResponse:
    """One release: what it carries, who approved it, and what may be done with it."""
    release = release_or_404(request, slug, environment, number)
    return _detail(request, release, ReasonForm(), _promotion_form(request, release, bound=False))


@login_required
@require_GET
def release_signed(request: HttpRequest, slug: str, environment: str, number: int) -> HttpResponse:
    """What routers received, with its signature, for `verify-release`."""
    release = release_or_404(request, slug, environment, number)
    name = f"{slug}-{environment}-{number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(sealing.signed_file(release), headers=headers)


@login_required
@require_http_methods(["POST"])
def release_roll_back(
    request: HttpRequest, slug: str, environment: str, number: int
) -> HttpResponse:
    """Restore this release's content under a new number."""
    release = release_or_404(request, slug, environment, number)
    form = ReasonForm(request.POST)
    refusal, status = None, 422
    if form.is_valid():
        try:
            restored = publication.roll_back(
                release, form.cleaned_data["reason"], acting_user=person(request)
            )
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            messages.success(
                request, f"Release {restored.number} is active with the content of {number}."
            )
            return redirect(restored)
    promotion = _promotion_form(request, release, bound=False)
    return _detail(request, release, form, promotion, refusal, status)


@login_required
@require_http_methods(["POST"])
def release_promote(request: HttpRequest, slug: str, environment: str, number: int) -> HttpResponse:
    """Propose this release's exact content for another environment."""
    release = release_or_404(request, slug, environment, number)
    form = _promotion_form(request, release, bound=True)
    refusal, status = None, 422
    if form.is_valid():
        try:
            change = publication.promote(
                release,
                form.cleaned_data["environment"],
                form.cleaned_data["why"],
                acting_user=person(request),
            )
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            return redirect(change)
    return _detail(request, release, ReasonForm(), form, refusal, status)
