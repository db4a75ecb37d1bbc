"""Documents as YAML files to download: of a release or of a draft."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from policies.files.archive import zipped
from policies.services.as_code import exporting
from policies.views.authoring.studio import draft_or_404
from policies.views.visible import release_or_404, workflow_or_404


@login_required
@require_GET
def release_files(request: HttpRequest, slug: str, environment: str, number: int) -> HttpResponse:
    """The documents of a release, as they would be kept in a repository."""
    release = release_or_404(request, slug, environment, number)
    name = f"{slug}-{environment}-{number}"
    return _archive(exporting.export_release(release), slug, name)


@login_required
@require_GET
def draft_files(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The documents of a draft as they are saved, right or wrong."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    return _archive(exporting.export_draft(draft), slug, f"{slug}-draft-{pk}")


def _archive(files: dict[str, str], folder: str, name: str) -> HttpResponse:
    return HttpResponse(
        zipped(files, folder),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"'},
    )
