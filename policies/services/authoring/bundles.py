"""Cut versions from documents and compose them into bundles."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db.models import Max

from policies.engine import (
    COMPONENTS,
    DocumentError,
    Problem,
    compose,
    digest,
    parse_bundle,
    parse_component,
    serialise,
)
from policies.governance.meaning import document_intent, intent_digest, meaning_digest
from policies.models import Bundle, ComponentVersion, Release, Workflow
from policies.services import audit
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import as_proposed
from policies.services.locking import lock_workflow


def cut_version(
    workflow: Workflow, kind: str, raw: object, *, acting_user: User
) -> ComponentVersion:
    """The version with this content: the existing one, else a new number.

    Raises DocumentError when the document is not right. The caller holds the workflow's row.
    """
    document = serialise(parse_component(kind, raw))
    content_digest = digest(document)
    versions = ComponentVersion.objects.filter(workflow=workflow, kind=kind)
    existing = versions.filter(digest=content_digest).first()
    if existing:
        return existing
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ComponentVersion.objects.create(
        workflow=workflow,
        kind=kind,
        number=number,
        document=document,
        digest=content_digest,
        intent=document_intent(kind, document),
        created_by=acting_user,
    )
    audit.record(
        "version.cut",
        version,
        acting_user=acting_user,
        workflow=workflow,
        after=content_digest,
        detail={"kind": kind, "number": number},
    )
    return version


def component_problems(documents: Mapping[str, object]) -> list[Problem]:
    """All that is wrong inside the documents; each pointer starts with the component's name."""
    problems: list[Problem] = []
    for kind in COMPONENTS:
        try:
            if kind in documents:
                parse_component(kind, documents[kind])
        except DocumentError as error:
            problems += [problem.under(f"/{kind}") for problem in error.problems]
    return problems


def problems_of(documents: Mapping[str, object]) -> list[Problem]:
    """All that is wrong with the documents, and, when there are four sound ones, between them.

    Nothing is saved. Pointers are the same whether a place is inside one document or the bundle.
    """
    problems = component_problems(documents)
    if problems or not all(kind in documents for kind in COMPONENTS):
        return problems
    sound = {kind: serialise(parse_component(kind, documents[kind])) for kind in COMPONENTS}
    try:
        parse_bundle(compose(sound, catalogue_document()))
    except DocumentError as error:
        return list(error.problems)
    return []


def compose_bundle(
    workflow: Workflow,
    documents: Mapping[str, object],
    base: Release | None,
    *,
    acting_user: User,
    catalogue: object = None,
) -> Bundle:
    """Cut a version of each document and compose them with the catalogue, by default today's.

    Splits carry on from ``base``, the release that is in force. Locks the workflow, so that two
    people cannot be given the same version number. Raises DocumentError, with pointers into the
    bundle, when a document is wrong or the four do not fit together.
    """
    documents = as_proposed(documents, base)
    problems = component_problems(documents)
    if problems:
        raise DocumentError(problems)
    lock_workflow(workflow.pk)
    versions = {
        kind: cut_version(workflow, kind, documents[kind], acting_user=acting_user)
        for kind in COMPONENTS
    }
    content = compose(
        {kind: version.document for kind, version in versions.items()},
        catalogue or catalogue_document(),
    )
    parse_bundle(content)
    bundle, _ = Bundle.objects.get_or_create(
        workflow=workflow,
        digest=digest(content),
        defaults={
            "content": content,
            "meaning": meaning_digest(content),
            "intent": intent_digest(content),
            **versions,
        },
    )
    return bundle
