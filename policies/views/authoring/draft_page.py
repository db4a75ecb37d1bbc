"""What the studio shows of a draft: its four documents, what is wrong with them, who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.differences import Change, describe_difference
from policies.engine import COMPONENTS, DocumentError, Problem, parse_bundle
from policies.engine.metrics import LAYERS
from policies.forms.authoring.editor import Editor, bind
from policies.forms.authoring.nodes import Node
from policies.forms.authoring.vocabulary import vocabulary_of
from policies.models import Draft, DraftDocument
from policies.models.components import ComponentKind
from policies.services.authoring import drafts
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import proposed_by
from policies.wording.fallback_grid import grid_of

SHORT_LABELS = {
    "request_classification": "Classification",
    "router_policy": "Policy",
    "fallback_matrix": "Fallback",
    "quality_thresholds": "Thresholds",
}
LAYER_LABELS = {
    "quality": "User outcome quality",
    "reliability": "System reliability",
    "economic": "Economic efficiency",
    "change": "Change management",
}


@dataclass
class DraftPage:
    """A draft as it stands, or with one document as its author has it on the screen.

    ``proposed`` are the documents with what they carry on from their base.
    """

    draft: Draft
    rows: dict[str, DraftDocument]
    documents: dict[str, Any]
    proposed: dict[str, Any]
    catalogue: dict[str, Any]
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    @property
    def problem_count(self) -> int:
        return sum(map(len, self.problems.values()))


@dataclass(frozen=True)
class Tab:
    kind: str
    label: str
    problems: int
    is_current: bool


@dataclass(frozen=True)
class Layer:
    """Thresholds of one layer; ``key`` is empty for those whose layer is not right."""

    key: str
    label: str
    entries: list[Node]


@dataclass(frozen=True)
class Part:
    """One document on the draft's overview."""

    kind: str
    label: str
    row: DraftDocument
    changes: list[Change]
    problems: list[Problem]


def draft_page(draft: Draft, on_screen: Mapping[str, Any] | None = None) -> DraftPage:
    """Reads a draft; ``on_screen`` documents take the place of saved ones."""
    rows = {row.kind: row for row in draft.documents.select_related("updated_by")}
    documents = {kind: rows[kind].document for kind in COMPONENTS} | dict(on_screen or {})
    catalogue = catalogue_document()
    page = DraftPage(draft, rows, documents, proposed_by(draft, documents), catalogue)
    page.problems = problems_of(page.proposed, catalogue)
    return page


def problems_of(
    documents: Mapping[str, Any], catalogue: Mapping[str, Any]
) -> dict[str, list[Problem]]:
    """What is wrong, by kind, pointers from each document's root; ``catalogue`` is a kind here."""
    found: dict[str, list[Problem]] = {kind: [] for kind in (*COMPONENTS, "catalogue")}
    try:
        parse_bundle({"schema": 1, **documents, "catalogue": catalogue})
    except DocumentError as error:
        for problem in error.problems:
            kind, _, rest = problem.pointer.lstrip("/").partition("/")
            pointer = f"/{rest}" if rest else ""
            found.setdefault(kind, []).append(Problem(pointer, problem.message))
    return found


def tabs(page: DraftPage, current: str) -> list[Tab]:
    return [
        Tab(kind, label, len(page.problems[kind]), kind == current)
        for kind, label in SHORT_LABELS.items()
    ]


def document_context(
    page: DraftPage,
    kind: str,
    opened: frozenset[str] | None,
    parked: tuple[tuple[str, list[str]], ...] = (),
) -> dict[str, Any]:
    """Template context of one document's editor; ``opened`` entries (None: all) get controls."""
    words = vocabulary_of(kind, page.documents, page.catalogue)
    editor = bind(kind, page.documents[kind], words, page.problems[kind], parked, opened)
    context: dict[str, Any] = {
        "kind": kind,
        "row": page.rows[kind],
        "words": words,
        "editor": editor,
        "root": editor.root,
        "form_template": f"policies/authoring/studio/edit_{kind}.html",
        "elsewhere": [tab for tab in tabs(page, kind) if tab.problems and not tab.is_current],
    }
    if kind == "quality_thresholds":
        context["layers"] = layers_of(editor)
    if kind == "fallback_matrix":
        documents = page.documents
        context["grid"] = grid_of(documents[kind], documents["router_policy"], page.catalogue)
    return context


def layers_of(editor: Editor) -> list[Layer]:
    """Thresholds grouped by layer, in the order of the layers; misfits last."""
    entries = editor.root.members["thresholds"].entries if editor.root.members else []
    by_key: dict[str, list[Node]] = {key: [] for key in LAYERS}
    strange: list[Node] = []
    for entry in entries:
        by_key.get(_layer_of(entry), strange).append(entry)
    layers = [Layer(key, LAYER_LABELS[key], found) for key, found in by_key.items()]
    return [*layers, Layer("", "Without a layer", strange)] if strange else layers


def _layer_of(entry: Node) -> str:
    layer = entry.held.get("layer") if isinstance(entry.held, dict) else None
    return layer if isinstance(layer, str) else ""


def overview(page: DraftPage) -> list[Part]:
    """Each document with what it changes of the one in force."""
    in_force = drafts.documents_in_force(page.draft.workflow)
    known = page.documents["request_classification"]
    return [
        Part(
            kind,
            ComponentKind(kind).label,
            page.rows[kind],
            describe_difference(kind, in_force[kind], page.proposed[kind], classification=known),
            page.problems[kind],
        )
        for kind in COMPONENTS
    ]
