"""Drafts: created, saved and closed. A save never loses what somebody typed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import COMPONENTS
from policies.files.starting_documents import starting_documents
from policies.governance.permissions import roles_with
from policies.governance.refusals import Reason, Refused
from policies.models import AuditEvent, Draft, DraftDocument, DraftRevision, Release, Workflow
from policies.services import audit
from policies.services.authoring import history
from policies.services.locking import locked_draft
from policies.services.rights import can

ONE_AUDIT_ROW = datetime.timedelta(minutes=10)


def require_author(acting_user: User, workflow: Workflow) -> None:
    if not can(acting_user, "edit_drafts", workflow.team):
        who = " or ".join(roles_with("edit_drafts"))
        raise Refused(
            Reason("role", f"Only {who} of {workflow.team} may edit drafts of {workflow}.")
        )


def documents_in_force(workflow: Workflow) -> dict[str, Any]:
    """The documents of the release active furthest along promotion; else starting documents."""
    release = (
        Release.objects.active()
        .filter(workflow=workflow)
        .select_related("bundle", "environment")
        .order_by("-environment__position")
        .first()
    )
    if release is None:
        return starting_documents()
    return {kind: release.bundle.content[kind] for kind in COMPONENTS}


@transaction.atomic
def create_draft(
    workflow: Workflow,
    title: str,
    *,
    acting_user: User,
    documents: Mapping[str, Any] | None = None,
) -> Draft:
    """Start a draft from the given documents, else from what is in force."""
    require_author(acting_user, workflow)
    content = {**documents_in_force(workflow), **(documents or {})}
    draft = Draft.objects.create(workflow=workflow, title=title, created_by=acting_user)
    draft.contributors.add(acting_user)
    rows = [
        DraftDocument(draft=draft, kind=kind, document=content[kind], updated_by=acting_user)
        for kind in COMPONENTS
    ]
    DraftDocument.objects.bulk_create(rows)
    DraftRevision.objects.bulk_create(map(history.as_saved, rows))
    audit.record("draft.created", draft, acting_user=acting_user, workflow=workflow)
    return draft


@transaction.atomic
def save_document(
    draft: Draft,
    kind: str,
    document: Any,
    *,
    acting_user: User,
    expected_revision: int | None = None,
) -> DraftDocument:
    """Save one document, right or wrong, as its next revision.

    `expected_revision` is the revision the author started from; when somebody else has saved
    since, the save is refused and the author's text stays with the author.
    """
    row = _held(draft, kind, acting_user, expected_revision)
    if row.document == document:
        return row
    return _write(row, document, acting_user)


@transaction.atomic
def restore_revision(
    draft: Draft,
    kind: str,
    revision: int,
    *,
    acting_user: User,
    expected_revision: int | None = None,
    step: str = DraftRevision.Step.RESTORED,
) -> DraftDocument:
    """Save what an earlier revision held as the next one; those between stay in the history.

    Raises DraftRevision.DoesNotExist for a revision that is not kept.
    """
    row = _held(draft, kind, acting_user, expected_revision)
    kept = DraftRevision.objects.get(draft=draft, kind=kind, revision=revision)
    return _write(row, kept.document, acting_user, step, revision)


def undo(
    draft: Draft, kind: str, *, acting_user: User, expected_revision: int | None = None
) -> DraftDocument:
    """One step back: what was there before the change last made, as a new revision."""
    earlier = history.reach(draft, kind).undo
    if earlier is None:
        raise Refused(Reason("nothing", "There is nothing to undo."))
    return restore_revision(
        draft,
        kind,
        earlier,
        acting_user=acting_user,
        expected_revision=expected_revision,
        step=DraftRevision.Step.UNDONE,
    )


def redo(
    draft: Draft, kind: str, *, acting_user: User, expected_revision: int | None = None
) -> DraftDocument:
    """Takes the last undo back, as a new revision."""
    later = history.reach(draft, kind).redo
    if later is None:
        raise Refused(Reason("nothing", "There is nothing to redo."))
    return restore_revision(
        draft,
        kind,
        later,
        acting_user=acting_user,
        expected_revision=expected_revision,
        step=DraftRevision.Step.REDONE,
    )


def _held(
    draft: Draft, kind: str, acting_user: User, expected_revision: int | None
) -> DraftDocument:
    """The document's row, held until the transaction ends. Raises Refused: role, state, stale."""
    require_author(acting_user, draft.workflow)
    draft = locked_draft(draft)
    _require_open(draft)
    row = DraftDocument.objects.select_related("updated_by").get(draft=draft, kind=kind)
    row.draft = draft
    if expected_revision is not None and expected_revision != row.revision:
        raise Refused(
            Reason(
                "stale",
                f"{row.updated_by} saved revision {row.revision} after you opened revision "
                f"{expected_revision}.",
                "Reload to see it, then make your change again.",
            )
        )
    return row


def _require_open(draft: Draft) -> None:
    if draft.closed_at is not None:
        raise Refused(
            Reason("state", "This draft is closed.", "Start a new draft from the release.")
        )


def _write(
    row: DraftDocument,
    document: Any,
    acting_user: User,
    step: str = DraftRevision.Step.SAVED,
    source: int | None = None,
) -> DraftDocument:
    """The next revision of a held row, its place in the history, and its trace in the audit."""
    draft = row.draft
    row.document, row.updated_by = document, acting_user
    row.revision += 1
    row.save(update_fields=["document", "updated_by", "revision", "updated_at"])
    history.keep(row, step, source)
    draft.contributors.add(acting_user)
    draft.save(update_fields=["updated_at"])
    _record_editing(row, acting_user)
    return row


def _record_editing(row: DraftDocument, acting_user: User) -> None:
    """At most one audit row for a person, draft and ten minutes: the first save writes it.

    The editor saves while one types; who saved what when stays in the draft's history, and what
    counts for four eyes stays in its contributors.
    """
    recent = AuditEvent.objects.filter(
        action="draft.saved",
        actor=acting_user,
        object_type=Draft._meta.model_name,
        object_id=str(row.draft_id),
        time__gt=timezone.now() - ONE_AUDIT_ROW,
    )
    if recent.exists():
        return
    audit.record(
        "draft.saved",
        row.draft,
        acting_user=acting_user,
        workflow=row.draft.workflow,
        detail={"kind": row.kind, "revision": row.revision},
    )


@transaction.atomic
def rename_draft(draft: Draft, title: str, *, acting_user: User) -> Draft:
    """Give a draft another title. It says nothing about its content, so it is no contribution."""
    require_author(acting_user, draft.workflow)
    draft = locked_draft(draft)
    _require_open(draft)
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
