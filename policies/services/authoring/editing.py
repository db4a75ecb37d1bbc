"""Saving a document of a draft, and going back and forth in its history."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.models import AuditEvent, Draft, DraftDocument, DraftRevision
from policies.services import audit
from policies.services.authoring import history
from policies.services.authoring.authorship import keep_authors
from policies.services.authoring.drafts import require_author, require_open
from policies.services.locking import locked_draft

ONE_AUDIT_ROW = datetime.timedelta(minutes=10)


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
    require_open(draft)
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
    keep_authors(draft.workflow, {row.kind: document}, draft.contributors.all())
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
