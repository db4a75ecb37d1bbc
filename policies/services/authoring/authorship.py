"""Who wrote a document: kept by its content and its intent, so that a copy has the same authors, in
other words and on another base, too."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.contrib.auth.models import User

from policies.engine import DocumentError, digest, parse_component, serialise
from policies.governance.meaning import document_intent
from policies.models import DocumentAuthor, Workflow


def keep_authors(
    workflow: Workflow, documents: Mapping[str, object], people: Collection[User]
) -> None:
    """Keep these people as authors of what nobody has written in this workflow before, by content
    and by intent.

    Whoever writes the same later has copied it. Documents that are not sound yet have no authors.
    """
    written = {(kind, key) for kind, document in documents.items() for key in _keys(kind, document)}
    rows = DocumentAuthor.objects.filter(
        workflow=workflow, kind__in=documents, digest__in={key for _, key in written}
    )
    new = sorted(written - set(rows.values_list("kind", "digest")))
    DocumentAuthor.objects.bulk_create(
        (
            DocumentAuthor(workflow=workflow, kind=kind, digest=key, user=user)
            for kind, key in new
            for user in people
        ),
        ignore_conflicts=True,
    )


def _keys(kind: str, document: object) -> set[str]:
    """Digest and intent, as its version would have them; none where no version can be made."""
    try:
        content = serialise(parse_component(kind, document))
    except DocumentError:
        return set()
    return {digest(content), document_intent(kind, content)}
