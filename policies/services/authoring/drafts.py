"""Drafts: created, saved and closed. A save never loses what somebody typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import COMPONENTS
from policies.files.starting_documents import starting_documents
from policies.governance.permissions import roles_with
from policies.governance.refusals import Reason, Refused
from policies.models import Draft, DraftDocument, DraftRevision, Release, Workflow
from policies.services import audit
from policies.services.authoring import history
from policies.services.authoring.authorship import keep_authors
from policies.services.locking import locked_draft
from policies.services.rights import can


def require_author(acting_user: User, workflow: Workflow) -> None:
    if not can(acting_user, "edit_drafts", workflow.team):
        who = " or ".join(roles_with("edit_drafts"))
        raise Refused(
            Reason("role", f"Only {who} of {workflow.team} may edit drafts of {workflow}.")
        )


def release_in_force(workflow: Workflow) -> Release | None:
    """The release active furthest along promotion."""
    rows = Release.objects.active().filter(workflow=workflow)
    return rows.select_related("bundle", "environment").order_by("-environment__position").first()


def documents_in_force(workflow: Workflow) -> dict[str, Any]:
    """The documents of the release in force; else starting documents."""
    release = release_in_force(workflow)
    return starting_documents() if release is None else release.bundle.documents


@transaction.atomic
def create_draft(
    workflow: Workflow,
    title: str,
    *,
    acting_user: User,
    documents: Mapping[str, Any] | None = None,
    copied: bool = False,
) -> Draft:
    """Start a draft from the given documents, else from what is in force.

    `copied` says that they are those of a release or a template: then nobody wrote them here.
    """
    require_author(acting_user, workflow)
    content = {**documents_in_force(workflow), **(documents or {})}
    draft = Draft.objects.create(workflow=workflow, title=title, created_by=acting_user)
    draft.contributors.add(acting_user)
    if documents and not copied:
        keep_authors(workflow, documents, [acting_user])
    rows = [
        DraftDocument(draft=draft, kind=kind, document=content[kind], updated_by=acting_user)
        for kind in COMPONENTS
    ]
    DraftDocument.objects.bulk_create(rows)
    DraftRevision.objects.bulk_create(map(history.as_saved, rows))
    audit.record("draft.created", draft, acting_user=acting_user, workflow=workflow)
    return draft


def require_open(draft: Draft) -> None:
    if draft.closed_at is not None:
        raise Refused(
            Reason("state", "This draft is closed.", "Start a new draft from the release.")
        )


@transaction.atomic
def rename_draft(draft: Draft, title: str, *, acting_user: User) -> Draft:
    """Give a draft another title. It says nothing about its content, so it is no contribution."""
    require_author(acting_user, draft.workflow)
    draft = locked_draft(draft)
    require_open(draft)
    title = " ".join(title.split())
    longest = Draft._meta.get_field("title").max_length or 0
    if not title or len(title) > longest:
        raise Refused(Reason("title", f"A title has 1 to {longest} characters."))
    if title == draft.title:
        return draft
    was, draft.title = draft.title, title
    draft.save(update_fields=["title", "updated_at"])
    audit.record(
        "draft.renamed",
        draft,
        acting_user=acting_user,
        workflow=draft.workflow,
        detail={"from": was, "to": title},
    )
    return draft


@transaction.atomic
def discard_draft(draft: Draft, *, acting_user: User) -> None:
    """Close a draft that leads nowhere. Its documents stay readable."""
    require_author(acting_user, draft.workflow)
    draft = locked_draft(draft)
    if draft.closed_at is not None:
        raise Refused(Reason("state", "This draft is closed already."))
    change = getattr(draft, "change", None)
    if change is not None and change.is_open:
        raise Refused(
            Reason(
                "state",
                f"Change request #{change.number} was made from this draft.",
                "Withdraw the change request first.",
            )
        )
    draft.closed_at = timezone.now()
    draft.save(update_fields=["closed_at", "updated_at"])
    audit.record("draft.discarded", draft, acting_user=acting_user, workflow=draft.workflow)
