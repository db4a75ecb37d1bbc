"""What the analysis finds in a draft, live beside the editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from policies.engine import DocumentError, compose
from policies.forms.authoring.request_address import request_query
from policies.governance.static_checks import Finding, findings_of
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.retirements import retirement_findings
from policies.views.authoring.draft_page import SHORT_LABELS
from policies.views.authoring.studio import draft_or_404
from policies.views.authoring.trial_subject import Subject, draft_subject
from policies.views.visible import workflow_or_404

MARKS = {
    "error": ("fail", "fail", "Error"),
    "warning": ("warning", "inconclusive", "Warning"),
    "info": ("info", "missing", "Note"),
}
NAMES = ("id", "key", "name", "model")


@dataclass(frozen=True)
class PlaceLink:
    label: str
    url: str


@dataclass(frozen=True)
class FindingRow:
    """A finding as it is shown: mark, sentence, places to go to, and a request to try."""

    glyph: str
    tone: str
    word: str
    sentence: str
    places: list[PlaceLink]
    witness_url: str
    share_place: str


@login_required
@require_GET
def draft_findings(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A part of the draft's pages; by itself a page for browsers without scripts."""
    workflow = workflow_or_404(request, slug)
    draft = draft_or_404(workflow, pk)
    subject = draft_subject(draft)
    context: dict[str, Any] = {"workflow": workflow, "section": "policy", "draft": draft}
    context |= {"subject": subject} | _found(subject)
    fragment = bool(request.headers.get("HX-Request"))
    context["is_fragment"] = fragment
    name = (
        "policies/authoring/try_it/_findings.html"
        if fragment
        else "policies/authoring/try_it/findings_page.html"
    )
    return render(request, name, context)


def _found(subject: Subject) -> dict[str, Any]:
    """Rows by severity; none while documents have to be mended first."""
    if subject.problems:
        return {"pressing": [], "notes": [], "counts": []}
    try:
        content = compose(subject.documents, catalogue_document())
    except DocumentError:  # the catalogue has changed since a moment ago
        return {"pressing": [], "notes": [], "counts": []}
    found = [*findings_of(content), *retirement_findings(content)]
    return {
        "pressing": [_row(one, content, subject) for one in found if one.severity != "info"],
        "notes": [_row(one, content, subject) for one in found if one.severity == "info"],
        "counts": _counts(found),
    }


def _counts(found: list[Finding]) -> list[tuple[str, str, int, str]]:
    """(glyph, tone, number, word) of each severity there is."""
    counted = [
        (glyph, tone, sum(one.severity == severity for one in found), word.lower())
        for severity, (glyph, tone, word) in MARKS.items()
    ]
    return [count for count in counted if count[2]]


def _row(finding: Finding, content: Mapping[str, Any], subject: Subject) -> FindingRow:
    glyph, tone, word = MARKS[finding.severity]
    pointers = dict.fromkeys((finding.pointer, *finding.related))
    links = [_link(pointer, content, subject) for pointer in pointers]
    return FindingRow(
        glyph,
        tone,
        word,
        finding.sentence,
        list(dict.fromkeys(link for link in links if link)),
        _witness_url(finding, subject),
        finding.share_place,
    )


def _witness_url(finding: Finding, subject: Subject) -> str:
    if finding.witness is None:
        return ""
    address = reverse("try-it", args=[subject.workflow.slug])
    said = request_query(finding.witness)
    return f"{address}?{subject.query}{'&' if said else ''}{said}"


def _link(pointer: str, content: Mapping[str, Any], subject: Subject) -> PlaceLink | None:
    """Where the entry of a document that a pointer names, or lies in, is edited."""
    kind, *steps = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if kind not in SHORT_LABELS:
        return PlaceLink("Catalogue", reverse("catalogue")) if kind == "catalogue" else None
    document = content[kind]
    entries = document.get(steps[0]) if steps else None
    if len(steps) > 1 and isinstance(entries, list) and steps[1].isdecimal():
        index = int(steps[1])
        entry = entries[index] if index < len(entries) else {}
        name = next(
            (str(entry[key]) for key in NAMES if isinstance(entry, dict) and key in entry), ""
        )
        return PlaceLink(
            f"{steps[0].removesuffix('s').capitalize()} {name or index + 1}",
            subject.document_url(kind, f"{steps[0]}.{index}"),
        )
    return PlaceLink(SHORT_LABELS[kind], subject.document_url(kind))
