"""A draft's document as YAML: the same document as in its form, for those who would rather type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from policies.differences import written_out
from policies.engine import Problem
from policies.engine.reading import kind_of
from policies.files.yaml_text import Mark, YamlError, YamlText, dump_component, load_yaml
from policies.files.yaml_text.documents import located
from policies.governance.refusals import Refused
from policies.models import Draft
from policies.services.authoring import drafts, editing
from policies.views.authoring.draft_page import draft_page
from policies.views.authoring.studio import KEEP_MINE, common_context, draft_or_404, revision_of
from policies.views.visible import kind_or_404, person, workflow_or_404

LEAST_ROWS, MOST_ROWS = 16, 60


@dataclass(frozen=True)
class Fault:
    """What is wrong in one line, and how the line reads."""

    line: int
    column: int
    excerpt: str
    pointer: str
    message: str


@dataclass
class Typed:
    """A text on the screen and what came of it. ``read`` is None while it is no YAML at all."""

    text: str
    revision: int
    read: YamlText | None = None
    faults: list[Fault] = field(default_factory=list)
    refusal: Refused | None = None

    @property
    def status(self) -> int:
        if self.refusal is not None:
            return self.refusal.status
        return 422 if self.read is None else 200


@login_required
@require_http_methods(["GET", "POST"])
def draft_yaml(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """One document as YAML. What is YAML is saved, right or wrong; what is not stays on screen."""
    kind_or_404(kind)
    draft = draft_or_404(workflow_or_404(request, slug), pk)
    row = draft.documents.get(kind=kind)
    if request.method == "GET":
        text = dump_component(kind, row.document)
        return _show(request, draft, kind, Typed(text, row.revision, load_yaml(text)))
    revision = revision_of(request)
    if revision is None or "text" not in request.POST:
        return HttpResponseBadRequest("The form is incomplete: it does not say its revision.")
    typed = _typed(request.POST["text"], revision)
    if typed.read is None:
        return _show(request, draft, kind, typed)
    if request.POST.get("_edit") == KEEP_MINE:
        return _keep_mine(request, draft, kind, typed)
    _save(request, draft, kind, typed)
    page = _show(request, draft, kind, typed)
    if typed.refusal or typed.faults:
        return page
    messages.success(request, "Saved. Comments are not kept; everything else is.")
    return redirect("draft-yaml", slug, pk, kind)


def _typed(text: str, revision: int) -> Typed:
    text = text.replace("\r\n", "\n")
    typed = Typed(text, revision)
    try:
        read = load_yaml(text)
    except YamlError as error:
        typed.faults = _faults(text, error.found)
        return typed
    if isinstance(read.value, dict):
        typed.read = read
    else:
        message = f"must hold members such as schema: 1, not {kind_of(read.value)}"
        typed.faults = _faults(text, [(Mark(1, 1), Problem("", message))])
    return typed


def _save(request: HttpRequest, draft: Draft, kind: str, typed: Typed) -> None:
    """Defaults are written out, as the form does; the same meaning makes no new revision."""
    row = draft.documents.get(kind=kind)
    document = written_out(kind, typed.read.value if typed.read else None)
    if document == written_out(kind, row.document):
        typed.revision = row.revision
        return
    try:
        saved = editing.save_document(
            draft,
            kind,
            document,
            acting_user=person(request),
            expected_revision=typed.revision,
        )
    except Refused as refused:
        typed.refusal = refused
    else:
        typed.revision = saved.revision


def _show(request: HttpRequest, draft: Draft, kind: str, typed: Typed) -> HttpResponse:
    on_screen = {kind: written_out(kind, typed.read.value)} if typed.read else {}
    page = draft_page(draft, on_screen)
    if typed.read is not None:
        found = located(page.problems[kind], typed.read.places).found
        typed.faults = _faults(typed.text, found)
    context: dict[str, Any] = common_context(request, page, kind) | {
        "kind": kind,
        "row": page.rows[kind],
        "typed": typed,
        "refusal": typed.refusal,
        "rows": min(max(typed.text.count("\n") + 2, LEAST_ROWS), MOST_ROWS),
    }
    return render(request, "policies/authoring/studio/yaml.html", context, status=typed.status)


def _faults(text: str, found: Iterable[tuple[Mark, Problem]]) -> list[Fault]:
    lines = text.split("\n")
    return [
        Fault(
            mark.line,
            mark.column,
            lines[mark.line - 1].strip() if mark.line <= len(lines) else "",
            problem.pointer,
            problem.message,
        )
        for mark, problem in found
    ]


def _keep_mine(request: HttpRequest, draft: Draft, kind: str, typed: Typed) -> HttpResponse:
    """Someone else saved first: what is on this screen becomes a draft of its own."""
    documents = draft.saved_documents()
    documents[kind] = written_out(kind, typed.read.value if typed.read else None)
    title = f"{draft.title} ({person(request)}’s copy)"[:160]
    try:
        copy = drafts.create_draft(
            draft.workflow, title, acting_user=person(request), documents=documents
        )
    except Refused as refused:
        typed.refusal = refused
        return _show(request, draft, kind, typed)
    messages.success(request, "Your version is now a draft of its own.")
    return redirect("draft-yaml", draft.workflow.slug, copy.pk, kind)
