"""The line in an editor that tells who else is there, and when there is something newer."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from policies.models import Draft, DraftDocument
from policies.services.authoring import presence
from policies.services.rights import can
from policies.views.authoring.studio import draft_or_404
from policies.views.visible import kind_or_404, person, workflow_or_404
from policies.wording.whole_numbers import whole_number

LINE = "policies/authoring/studio/presence_line.html"


@login_required
@require_GET
def draft_presence(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """The line as it is now; 204 while it says what the page says already."""
    kind_or_404(kind)
    draft, user = draft_or_404(workflow_or_404(request, slug), pk), person(request)
    if can(user, "edit_drafts", draft.workflow.team) and draft.closed_at is None:
        presence.arrive(draft, user)
    seen = whole_number(request.GET.get("_revision", ""))
    row = DraftDocument.objects.select_related("updated_by").get(draft=draft, kind=kind)
    newer = row if seen is not None and seen < row.revision else None
    line = render_to_string(LINE, _line(draft, user, newer) | {"kind": kind})
    told = sha256(line.encode()).hexdigest()[:16]
    if told == request.GET.get("_told"):
        return HttpResponse(status=204)
    return HttpResponse(f'{line}<input type="hidden" name="_told" value="{told}">')


def _line(draft: Draft, user: User, newer: DraftDocument | None) -> dict[str, Any]:
    return {
        "draft": draft,
        "others": presence.others(draft, user),
        "newer": newer,
        "is_own": newer is not None and newer.updated_by_id == user.pk,
    }
