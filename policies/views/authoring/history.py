"""The history of one document of a draft: who saved what when, in words, and the way back to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from policies.differences import Change, describe_difference
from policies.governance.refusals import Refused
from policies.models import Draft, DraftRevision
from policies.services.authoring import editing
from policies.views.authoring.draft_page import draft_page
from policies.views.authoring.studio import common_context, draft_or_404, revision_of
from policies.views.visible import kind_or_404, person, workflow_or_404
from policies.wording.whole_numbers import whole_number

ON_ONE_PAGE = 20
YAML = "yaml"


@dataclass(frozen=True)
class Entry:
    """One revision and what it changed of the one before; ``changes`` is None for the first."""

    row: DraftRevision
    changes: list[Change] | None
    is_current: bool


@login_required
@require_GET
def draft_history(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """Revisions, newest first: a page of its own, or the fragment under an editor."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    return _show(request, draft, kind_or_404(kind))


@login_required
@require_POST
def draft_restore(
    request: HttpRequest, slug: str, pk: int, kind: str, revision: int
) -> HttpResponse:
    """Save what an earlier revision held as the next one."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    try:
        row = editing.restore_revision(
            draft,
            kind_or_404(kind),
            revision,
            acting_user=person(request),
            expected_revision=revision_of(request),
        )
    except DraftRevision.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _show(request, draft, kind, refused)
    messages.success(
        request, f"Revision {revision} is back, as revision {row.revision}. Nothing was lost."
    )
    tab = "draft-yaml" if request.POST.get("tab") == YAML else "draft-document"
    return redirect(tab, slug, pk, kind)


def _show(
    request: HttpRequest, draft: Draft, kind: str, refusal: Refused | None = None
) -> HttpResponse:
    before = whole_number(request.GET.get("before", ""))
    page = draft_page(draft)
    context: dict[str, Any] = common_context(request, page, kind)
    known = page.documents["request_classification"]
    found = _entries(draft, kind, before, known)
    context |= {
        "kind": kind,
        "row": page.rows[kind],
        "entries": found[:ON_ONE_PAGE],
        "earlier": len(found) > ON_ONE_PAGE,
        "refusal": refusal,
        "tab": request.GET.get("tab", ""),
    }
    if request.headers.get("HX-Request") and refusal is None:
        return render(request, "policies/authoring/studio/revisions.html", context)
    status = 200 if refusal is None else refusal.status
    return render(request, "policies/authoring/studio/history_page.html", context, status=status)


def _entries(draft: Draft, kind: str, before: int | None, classification: Any) -> list[Entry]:
    """A page of entries, and one more where there are earlier ones."""
    rows = DraftRevision.objects.filter(draft=draft, kind=kind).select_related("saved_by")
    newest = rows.values_list("revision", flat=True).first()
    if before is not None:
        rows = rows.filter(revision__lt=before)
    found = list(rows.order_by("-revision")[: ON_ONE_PAGE + 2])
    earlier: list[DraftRevision | None] = [*found[1:], None]
    entries = [
        Entry(row, _changes(older, row, classification), row.revision == newest)
        for row, older in zip(found, earlier, strict=True)
    ]
    return entries[: ON_ONE_PAGE + 1]


def _changes(
    older: DraftRevision | None, row: DraftRevision, classification: Any
) -> list[Change] | None:
    if older is None:
        return None
    return describe_difference(
        row.kind, older.document, row.document, classification=classification
    )
