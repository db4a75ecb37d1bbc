"""Who wrote a document: kept by its content, so that a copy of it has the same authors."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.contrib.auth.models import User

from policies.engine import DocumentError, digest, parse_component, serialise
from policies.models import DocumentAuthor, Workflow


def keep_authors(
    workflow: Workflow, documents: Mapping[str, object], people: Collection[User]
) -> None:
    """Keep these people as authors of what nobody has written in this workflow before.

    Whoever writes the same later has copied it. Documents that are not sound yet have no authors.
    """
    written = {kind: _digest(kind, document) for kind, document in documents.items()}
    rows = DocumentAuthor.objects.filter(
        workflow=workflow, kind__in=written, digest__in=written.values()
    )
    known = set(rows.values_list("kind", "digest"))
    DocumentAuthor.objects.bulk_create(
        (
            DocumentAuthor(workflow=workflow, kind=kind, digest=content, user=user)
            for kind, content in written.items()
            if content and (kind, content) not in known
            for user in people
        ),
        ignore_conflicts=True,
    )


def _digest(kind: str, document: object) -> str:
    """As the version of it would have; empty where no version can be made of it."""
    try:
        return digest(serialise(parse_component(kind, document)))
    except DocumentError:
        return ""
