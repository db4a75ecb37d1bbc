"""A workflow's documents as files: of what is in force, of a release, of a draft."""

from __future__ import annotations

from policies.engine import DocumentError
from policies.files.workflow_files import Header, documents_digest, write_files
from policies.governance.refusals import Reason, Refused
from policies.models import Draft, Environment, Release
from policies.services.review import changes


def release_in_force(environment: Environment) -> Release:
    """What is in force in an environment. Raises Refused when nothing is."""
    release = changes.active_release(environment)
    if release is None:
        raise Refused(
            Reason(
                "empty",
                f"Nothing is published in {environment} yet.",
                "Export a draft, or publish a first release.",
            )
        )
    return release


def export_environment(environment: Environment) -> dict[str, str]:
    """The files of what is in force in an environment. Raises Refused when nothing is."""
    return export_release(release_in_force(environment))


def export_release(release: Release) -> dict[str, str]:
    documents = release.bundle.documents
    header = Header(
        workflow=release.workflow.slug,
        environment=release.environment.name,
        release=release.number,
        digest=documents_digest(documents),
    )
    return write_files(header, documents)


def export_draft(draft: Draft) -> dict[str, str]:
    """A draft may be wrong for now: such a document is written as it stands, without a digest."""
    documents = draft.saved_documents()
    try:
        said = documents_digest(documents)
    except DocumentError:
        said = None
    header = Header(workflow=draft.workflow.slug, draft=draft.pk, digest=said)
    return write_files(header, documents)
