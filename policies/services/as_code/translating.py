"""Policies written for other routers, and drafts that start from their configurations."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from policies.engine import compose, parse_bundle
from policies.interop import Exported, Imported, export, read
from policies.models import CatalogueModel, Draft, Release, Workflow
from policies.services.authoring import drafts
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import proposed_by


@dataclass(frozen=True)
class Translation:
    """What was read of a configuration. ``missing`` are models that the catalogue lacks: a steward
    adds them before the draft can be proposed. ``draft`` is None where nothing was kept.
    """

    imported: Imported
    missing: tuple[str, ...]
    draft: Draft | None = None


def export_release(release: Release, router: str) -> Exported:
    """A release in a format of `policies.interop.FORMATS`. Raises DocumentError."""
    return export(parse_bundle(release.bundle.content), router)


def export_draft(draft: Draft, router: str) -> Exported:
    """A draft as it would be proposed. Raises DocumentError while it is wrong."""
    content = compose(proposed_by(draft), catalogue_document())
    return export(parse_bundle(content), router)


def translate(text: str, router: str) -> Translation:
    """What a configuration says, without keeping anything. Raises DocumentError."""
    known = dict(CatalogueModel.objects.values_list("key", "provider__slug"))
    imported = read(text, router, known)
    return Translation(imported, tuple(sorted(set(imported.catalogue["models"]) - set(known))))


def start_draft(
    workflow: Workflow, text: str, router: str, title: str, *, acting_user: User
) -> Translation:
    """A new draft with the documents of a configuration. Raises DocumentError or Refused."""
    read_of_it = translate(text, router)
    documents = read_of_it.imported.documents
    draft = drafts.create_draft(workflow, title, acting_user=acting_user, documents=documents)
    return Translation(read_of_it.imported, read_of_it.missing, draft)
