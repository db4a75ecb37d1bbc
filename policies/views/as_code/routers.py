"""A release for other routers, and what was lost when a draft was made of a configuration."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from policies.engine import DocumentError
from policies.interop import FORMATS
from policies.services.as_code import translating
from policies.services.as_code.translating import Translation
from policies.views.authoring.studio import draft_or_404
from policies.views.visible import release_or_404, workflow_or_404

# What was lost is shown after the draft was made, and kept with the session until then.
IMPORTED = "imported"
MOST_KEPT = 500


@login_required
@require_GET
def release_export(
    request: HttpRequest, slug: str, environment: str, number: int, router: str
) -> HttpResponse:
    """A release in another router's format, with the loss report first."""
    release = release_or_404(request, slug, environment, number)
    context: dict[str, Any] = {
        "workflow": release.workflow,
        "environment": environment,
        "release": release,
        "format": _format_or_404(router),
        "formats": FORMATS.values(),
    }
    status = 200
    try:
        context["exported"] = translating.export_release(release, router)
    except DocumentError as error:
        context["problems"], status = error.problems, 422
    return render(request, "policies/as_code/export.html", context, status=status)


@login_required
@require_GET
def release_export_file(
    request: HttpRequest, slug: str, environment: str, number: int, router: str
) -> HttpResponse:
    """The same as a file to download."""
    release = release_or_404(request, slug, environment, number)
    _format_or_404(router)
    try:
        exported = translating.export_release(release, router)
    except DocumentError:
        return redirect("release-export", slug, environment, number, router)
    name = exported.format.file_name
    return HttpResponse(
        exported.text,
        content_type="application/json" if name.endswith(".json") else "application/yaml",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def keep_report(request: HttpRequest, translation: Translation) -> None:
    """Keep what was lost for the page that comes next."""
    losses = [loss.to_json() for loss in translation.imported.losses]
    request.session[IMPORTED] = {
        "draft": translation.draft.pk if translation.draft else None,
        "label": translation.imported.format.label,
        "missing": list(translation.missing),
        "losses": losses[:MOST_KEPT],
        "more": max(len(losses) - MOST_KEPT, 0),
    }


@login_required
@require_GET
def draft_imported(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What of a configuration is in the draft that was made of it, and what is not."""
    workflow = workflow_or_404(request, slug)
    draft = draft_or_404(workflow, pk)
    report = request.session.get(IMPORTED)
    if not isinstance(report, dict) or report.get("draft") != draft.pk:
        return redirect("draft-document", slug, draft.pk, "router_policy")
    context = {"workflow": workflow, "section": "policy", "draft": draft, "report": report}
    return render(request, "policies/as_code/imported.html", context)


def _format_or_404(router: str) -> Any:
    if router not in FORMATS:
        raise Http404
    return FORMATS[router]
