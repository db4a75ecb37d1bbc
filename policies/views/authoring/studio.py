"""The studio: drafts and the four documents in them, edited in forms that save as one types."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.differences import written_out
from policies.engine import COMPONENTS
from policies.forms.authoring import codec, edits
from policies.forms.authoring.tree import Tree, grow
from policies.forms.authoring.vocabulary import vocabulary_of
from policies.governance.refusals import Refused
from policies.models import Draft, DraftRevision, Workflow
from policies.services.authoring import drafts, editing, history, presence
from policies.services.rights import can
from policies.views.authoring.draft_page import (
    DraftPage,
    document_context,
    draft_page,
    overview,
    tabs,
)
from policies.views.authoring.reading import reading_context
from policies.views.visible import kind_or_404, person, workflow_or_404
from policies.wording.whole_numbers import whole_number

EDIT = "_edit"
REVISION = "_revision"
KEEP_MINE = "keep-mine"
UNDO, REDO, RESTORE = "undo", "redo", "restore"
HISTORY = (UNDO, REDO, RESTORE)


@dataclass
class Attempt:
    """What came of a post: what is on the screen, and where the focus belongs."""

    document: Any = None
    parked: tuple[tuple[str, list[str]], ...] = ()
    focus: str = ""
    opened: frozenset[str] = frozenset()
    refusal: Refused | None = None
    revision: int = 0

    @property
    def status(self) -> int:
        if self.refusal is None:
            return 200
        return self.refusal.status


@dataclass(frozen=True)
class Posted:
    """A form as it came in."""

    tree: Tree
    edit: str = ""
    revision: int | None = None


def draft_or_404(workflow: Workflow, pk: int) -> Draft:
    drafts_here = Draft.objects.filter(workflow=workflow).select_related(
        "workflow__team", "created_by", "change"
    )
    return get_object_or_404(drafts_here, pk=pk)


def common_context(request: HttpRequest, page: DraftPage, current: str) -> dict[str, Any]:
    """What every tab of a draft shows."""
    draft = page.draft
    change = getattr(draft, "change", None)
    return {
        "workflow": draft.workflow,
        "section": "policy",
        "draft": draft,
        "page": page,
        "tabs": tabs(page, current),
        "contributors": draft.contributors.all(),
        "change": change,
        "open_change": change if change is not None and change.is_open else None,
        "can_edit": _may_edit(request, draft),
    }


def _may_edit(request: HttpRequest, draft: Draft) -> bool:
    return can(request.user, "edit_drafts", draft.workflow.team) and draft.closed_at is None


def _overview_context(request: HttpRequest, page: DraftPage) -> dict[str, Any]:
    return {
        **common_context(request, page, ""),
        "parts": overview(page),
        "in_force": drafts.release_in_force(page.draft.workflow),
    }


@login_required
@require_GET
def draft_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A draft as a whole: what it changes, and what is still wrong."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    page = draft_page(draft)
    context = _overview_context(request, page)
    return render(request, "policies/authoring/studio/draft.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def draft_document(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """One document of a draft in its form. Every post saves, right or wrong."""
    kind_or_404(kind)
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    if _may_edit(request, draft):
        presence.arrive(draft, person(request))
    if request.method == "GET":
        return _show(request, draft, kind, Attempt(opened=frozenset(request.GET.getlist("open"))))
    posted = _posted(request)
    if posted.revision is None:  # not from our form: an empty one would wipe the document
        return HttpResponseBadRequest("The form is incomplete: it does not say its revision.")
    if posted.edit == KEEP_MINE:
        return _keep_mine(request, draft, kind, posted)
    try:
        attempt = _save(request, draft, kind, posted)
    except edits.UnknownEdit:
        return HttpResponseBadRequest("The page that sent this is out of date. Reload it.")
    if request.headers.get("HX-Request") or attempt.refusal:
        return _show(request, draft, kind, attempt)
    address = reverse("draft-document", args=[slug, pk, kind])
    shown = urlencode({"open": sorted(attempt.opened)}, doseq=True)
    return redirect(f"{address}{'?' if shown else ''}{shown}#{attempt.focus or 'editor'}")


def revision_of(request: HttpRequest) -> int | None:
    """The revision that a form was opened at; None where it does not say."""
    return whole_number(request.POST.get(REVISION, ""))


def _posted(request: HttpRequest) -> Posted:
    pairs = [(name, words) for name, words in request.POST.lists() if isinstance(name, str)]
    return Posted(
        grow([(name, [str(word) for word in words]) for name, words in pairs]),
        request.POST.get(EDIT, ""),
        revision_of(request),
    )


def _save(request: HttpRequest, draft: Draft, kind: str, posted: Posted) -> Attempt:
    attempt = Attempt(revision=posted.revision or 0)
    tree = posted.tree
    rows = {row.kind: row for row in draft.documents.all()}
    from_history = posted.edit.partition(":")[0] in HISTORY
    if posted.edit and not from_history:
        documents = {key: row.document for key, row in rows.items()}
        documents[kind] = codec.decode_tree(kind, tree).document
        words = vocabulary_of(kind, documents, {})
        edited = edits.apply(kind, tree, posted.edit, words)
        tree, attempt.focus = edited.tree, edited.focus
    attempt.opened = edits.opened_in(kind, tree)
    decoded = codec.decode_tree(kind, tree)
    attempt.document, attempt.parked = decoded.document, decoded.parked
    # Whoever only opens a rule to read it has contributed nothing, and may still approve.
    if says_the_same(kind, decoded.document, rows[kind].document):
        attempt.revision = rows[kind].revision
    else:
        _save_typed(request, draft, kind, attempt)
    if from_history and attempt.refusal is None:
        _bring_back(request, draft, kind, attempt, posted.edit)
    return attempt


def _save_typed(request: HttpRequest, draft: Draft, kind: str, attempt: Attempt) -> None:
    try:
        row = editing.save_document(
            draft,
            kind,
            attempt.document,
            acting_user=person(request),
            expected_revision=attempt.revision,
        )
    except Refused as refused:
        attempt.refusal = refused
    else:
        attempt.revision = row.revision


def _bring_back(request: HttpRequest, draft: Draft, kind: str, attempt: Attempt, edit: str) -> None:
    """Undo, redo or ``restore:3``, after what was typed has become a revision of its own."""
    action, _, number = edit.partition(":")
    restore = {UNDO: editing.undo, REDO: editing.redo}.get(action) or partial(
        editing.restore_revision, revision=_number(number)
    )
    attempt.focus = "history-summary" if action == RESTORE else action
    try:
        row = restore(draft, kind, acting_user=person(request), expected_revision=attempt.revision)
    except DraftRevision.DoesNotExist:
        raise edits.UnknownEdit(edit) from None
    except Refused as refused:
        if "nothing" not in refused.codes:  # a button pressed once too often does no harm
            attempt.refusal = refused
        return
    attempt.document, attempt.parked, attempt.revision = row.document, (), row.revision


def _number(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise edits.UnknownEdit(text)
    return number


def says_the_same(kind: str, typed: Any, saved: Any) -> bool:
    """Whether a form holds what is saved, be it with defaults written out."""
    return bool(
        typed == codec.settled(kind, saved) or written_out(kind, typed) == written_out(kind, saved)
    )


def _show(request: HttpRequest, draft: Draft, kind: str, attempt: Attempt) -> HttpResponse:
    on_screen = {} if attempt.document is None else {kind: attempt.document}
    page = draft_page(draft, on_screen)
    context = common_context(request, page, kind)
    opened = attempt.opened
    if request.method == "GET":
        opened = edits.opened_at_first(kind, opened, page.problems[kind])
    # Who may no longer edit cannot open entries one by one, so all of them are open.
    shown = opened if context["can_edit"] else None
    context |= document_context(page, kind, shown, attempt.parked)
    context |= {
        "refusal": attempt.refusal,
        "revision": attempt.revision or page.rows[kind].revision,
        "reach": history.reach(draft, kind),
        "focus": attempt.focus,
    }
    if request.method == "GET" and not context["can_edit"] and not page.problems[kind]:
        context |= reading_context(kind, page.documents[kind], page.catalogue)
    template = "policies/authoring/studio/document.html"
    if request.headers.get("HX-Request") and request.method == "POST":
        template = "policies/authoring/studio/document_body.html"
    return render(request, template, context, status=attempt.status)


def _keep_mine(request: HttpRequest, draft: Draft, kind: str, posted: Posted) -> HttpResponse:
    """Someone else saved first: what is on this screen becomes a draft of its own."""
    documents = draft.saved_documents()
    documents[kind] = codec.decode_tree(kind, posted.tree).document
    try:
        copy = drafts.create_draft(
            draft.workflow,
            f"{draft.title} ({person(request)}’s copy)"[:160],
            acting_user=person(request),
            documents=documents,
        )
    except Refused as refused:
        return _show(request, draft, kind, Attempt(documents[kind], refusal=refused))
    messages.success(request, "Your version is now a draft of its own.")
    address = reverse("draft-document", args=[draft.workflow.slug, copy.pk, kind])
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


@login_required
@require_POST
def draft_rename(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a draft another title, and go back to where that was asked."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    try:
        drafts.rename_draft(draft, request.POST.get("title", ""), acting_user=person(request))
    except Refused as refused:
        return _overview_refusing(request, draft, refused)
    kind = request.POST.get("kind", "")
    if kind in COMPONENTS:
        return redirect("draft-document", slug, pk, kind)
    return redirect("draft", slug, pk)


def _overview_refusing(request: HttpRequest, draft: Draft, refused: Refused) -> HttpResponse:
    page = draft_page(draft)
    context = _overview_context(request, page)
    status = refused.status
    context["refusal"] = refused
    return render(request, "policies/authoring/studio/draft.html", context, status=status)


@login_required
@require_POST
def draft_discard(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Close a draft; its documents stay readable."""
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    try:
        drafts.discard_draft(draft, acting_user=person(request))
    except Refused as refused:
        return _overview_refusing(request, draft, refused)
    messages.success(request, f"“{draft.title}” is discarded.")
    return redirect("workflow-policy", slug)
