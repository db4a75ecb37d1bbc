"""What a trial is made on: a draft as it stands, a change request, or a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from policies.engine import (
    COMPONENTS,
    Bundle,
    DocumentError,
    Problem,
    RequestClassification,
    parse_bundle,
)
from policies.engine.classification import parse_request_classification
from policies.models import ChangeRequest, Draft, Release, Workflow
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import proposed_by
from policies.views.authoring.draft_page import SHORT_LABELS, problems_of
from policies.views.authoring.studio import draft_or_404
from policies.wording.whole_numbers import whole_number

Source = Draft | ChangeRequest | Release
Problems = dict[str, list[Problem]]
MOST_DRAFTS = 8


@dataclass(frozen=True)
class Subject:
    """What is tried with its documents, parsed as far as they can be."""

    workflow: Workflow
    documents: Mapping[str, Any]
    classification: RequestClassification | None
    bundle: Bundle | None
    problems: Problems
    source: Source

    @property
    def draft(self) -> Draft | None:
        return self.source if isinstance(self.source, Draft) else None

    @property
    def query(self) -> str:
        """The parameter that names it in an address."""
        return query_of(self.source)

    @property
    def parameter(self) -> tuple[str, str]:
        return parameter_of(self.source)

    @property
    def label(self) -> str:
        return label_of(self.source)

    @property
    def url(self) -> str:
        return self.source.get_absolute_url()

    @property
    def to_mend(self) -> list[tuple[str, str, list[Problem]]]:
        """(label, address, problems) of each document that is not right."""
        return [
            (SHORT_LABELS.get(kind, "Catalogue"), self.document_url(kind), found)
            for kind, found in self.problems.items()
            if found
        ]

    @property
    def problem_count(self) -> int:
        return sum(map(len, self.problems.values()))

    def document_url(self, kind: str, entry: str = "") -> str:
        """Where a document is edited or read; ``entry`` (``rules.3``) is opened there."""
        slug = self.workflow.slug
        if kind not in COMPONENTS:
            return reverse("catalogue")
        if not isinstance(self.source, Draft):
            version = getattr(self.source.bundle, kind)
            return reverse("component-version", args=[slug, kind, version.number])
        address = reverse("draft-document", args=[slug, self.source.pk, kind])
        if not entry:
            return address
        return f"{address}?{urlencode({'open': entry})}#row-{entry.replace('.', '-')}"


def named_subject(workflow: Workflow, parameters: Mapping[str, str]) -> Subject | None:
    """What an address names; by default the release active furthest along, else the draft edited
    last, else None. Raises Http404 for a name of nothing.
    """
    if parameters.get("draft"):
        return draft_subject(draft_or_404(workflow, _number(parameters["draft"])))
    if parameters.get("change"):
        changes = ChangeRequest.objects.filter(workflow=workflow).select_related(
            "workflow", "bundle", *(f"bundle__{kind}" for kind in COMPONENTS)
        )
        return _frozen(get_object_or_404(changes, number=_number(parameters["change"])))
    if parameters.get("release"):
        environment, _, number = parameters["release"].partition("/")
        releases = _releases(workflow).filter(environment__name=environment)
        return _frozen(get_object_or_404(releases, number=_number(number)))
    active = _releases(workflow).filter(retired_at=None).order_by("-environment__position").first()
    if active is not None:
        return _frozen(active)
    draft = Draft.objects.open().filter(workflow=workflow).first()
    return draft_subject(draft) if draft else None


def _number(written: str) -> int:
    number = whole_number(written)
    if number is None:
        raise Http404
    return number


def choices(workflow: Workflow) -> list[tuple[str, str]]:
    """(query, label) of what can be tried: active releases, then open drafts."""
    releases = _releases(workflow).filter(retired_at=None).order_by("-environment__position")
    drafts = Draft.objects.open().filter(workflow=workflow)[:MOST_DRAFTS]
    return [(query_of(source), label_of(source)) for source in (*releases, *drafts)]


def parameter_of(source: Source) -> tuple[str, str]:
    """The parameter that names it in an address."""
    if isinstance(source, Draft):
        return "draft", str(source.pk)
    if isinstance(source, ChangeRequest):
        return "change", str(source.number)
    return "release", f"{source.environment.name}/{source.number}"


def query_of(source: Source) -> str:
    return urlencode([parameter_of(source)])


def label_of(source: Source) -> str:
    if isinstance(source, Draft):
        return f"Draft “{source.title}”"
    if isinstance(source, ChangeRequest):
        return f"Change request #{source.number}"
    return f"Release {source.number} in {source.environment.name}"


def _releases(workflow: Workflow) -> QuerySet[Release]:
    return Release.objects.filter(workflow=workflow).select_related(
        "workflow", "environment", "bundle", *(f"bundle__{kind}" for kind in COMPONENTS)
    )


def draft_subject(draft: Draft) -> Subject:
    return _subject(draft.workflow, proposed_by(draft), catalogue_document(), draft)


def _frozen(source: ChangeRequest | Release) -> Subject:
    bundle = source.bundle
    return _subject(source.workflow, bundle.documents, bundle.content["catalogue"], source)


def _subject(
    workflow: Workflow,
    documents: Mapping[str, Any],
    catalogue: Mapping[str, Any],
    source: Source,
) -> Subject:
    bundle: Bundle | None = None
    problems: Problems = {}
    try:
        bundle = parse_bundle({"schema": 1, **documents, "catalogue": catalogue})
        classification: RequestClassification | None = bundle.request_classification
    except DocumentError:
        problems = problems_of(documents, catalogue)
        classification = _classification_alone(documents)
    return Subject(workflow, documents, classification, bundle, problems, source)


def _classification_alone(documents: Mapping[str, Any]) -> RequestClassification | None:
    """The attributes can be asked for even while another document is wrong."""
    try:
        return parse_request_classification(documents.get("request_classification"))
    except DocumentError:
        return None
