"""Files taken in: as a new draft, or proposed as a change request, once however often asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from policies.differences import written_out
from policies.files.workflow_files import WorkflowFiles, documents_digest
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Draft, Environment, Release, Workflow
from policies.services.as_code.outdated import require_nothing_undone
from policies.services.as_code.planning import completed, require_same_workflow
from policies.services.authoring import drafts, editing
from policies.services.authoring.proposals import proposed_by
from policies.services.locking import lock_workflow, locked_change, locked_environment
from policies.services.review import changes
from policies.services.rights import require_right


def import_draft(
    workflow: Workflow, files: WorkflowFiles, title: str, *, acting_user: User
) -> Draft:
    """A new draft with the files' documents. Raises Refused."""
    require_same_workflow(workflow, files)
    named = files.header.environment if files.header else None
    environment = Environment.objects.filter(workflow=workflow, name=named or "").first()
    if environment is not None:
        base = changes.active_release(environment)
        documents = completed(environment, base, files)
        require_nothing_undone(environment, base, files, documents)
    return drafts.create_draft(
        workflow, title, acting_user=acting_user, documents=dict(files.documents)
    )


class Outcome(StrEnum):
    """What became of a proposal."""

    UNCHANGED = "unchanged"
    EXISTS = "exists"
    UPDATED = "updated"
    OPENED = "opened"


@dataclass(frozen=True)
class Proposal:
    """``change`` is None when the files say what is in force already."""

    outcome: Outcome
    change: ChangeRequest | None
    sentence: str


def propose(
    environment: Environment,
    files: WorkflowFiles,
    title: str,
    why: str,
    *,
    acting_user: User,
    repairs: Release | None = None,
) -> Proposal:
    """Have a change request with these documents, once, however often it is asked.

    In force already, or proposed already: nothing happens. An open change request of the same
    title, environment and person takes the new documents over (which voids approvals as any edit
    does). Else one is opened. Files exported from an earlier release that would undo what was
    published since are refused. The change request says that it `repairs` a release, if one is
    given. Raises DocumentError or Refused.
    """
    workflow = environment.workflow
    require_right("propose", workflow.team, acting_user=acting_user, to="propose changes")
    require_same_workflow(workflow, files)
    said = _Said(title, why, repairs)
    made = _had(environment, files, said, acting_user=acting_user)
    return _repairing(made, repairs, acting_user=acting_user)


@dataclass(frozen=True)
class _Said:
    """What people are told of a proposal."""

    title: str
    why: str
    repairs: Release | None


def _had(
    environment: Environment, files: WorkflowFiles, said: _Said, *, acting_user: User
) -> Proposal:
    base = changes.active_release(environment)
    documents = completed(environment, base, files)
    done = _settled(environment, base, documents)
    if done is not None:
        return done
    require_nothing_undone(environment, base, files, documents)
    mine = _open_changes(environment).filter(title=said.title, created_by=acting_user)
    change = mine.exclude(draft=None).first()
    if change is not None:
        return _update(change, documents, acting_user=acting_user)
    return _open(environment, files, documents, said, acting_user=acting_user)


def _repairing(made: Proposal, repairs: Release | None, *, acting_user: User) -> Proposal:
    """Have a change request that was there before say what it repairs, if it is this person's."""
    change = made.change
    if change is None or repairs is None or change.repairs == repairs:
        return made
    if change.created_by_id != acting_user.pk:
        sentence = f"It does not say that it repairs release {repairs.number}; edit it to say so."
        return replace(made, sentence=f"{made.sentence} {sentence}")
    changes.describe(change, change.title, change.why, repairs=repairs, acting_user=acting_user)
    sentence = f"Change request #{change.number} now says that it repairs release {repairs.number}."
    return Proposal(Outcome.UPDATED, change, sentence)


def _open_changes(environment: Environment) -> Any:
    return ChangeRequest.objects.with_related().open().filter(environment=environment)


def _settled(
    environment: Environment, base: Release | None, documents: Mapping[str, Any]
) -> Proposal | None:
    wanted = documents_digest(documents)
    if base is not None and documents_digest(base.bundle.documents) == wanted:
        sentence = f"Nothing to propose: release {base.number} in {environment.name} says the same."
        return Proposal(Outcome.UNCHANGED, None, sentence)
    for change in _open_changes(environment):
        if documents_digest(change.bundle.documents) == wanted:
            sentence = f"Change request #{change.number} proposes exactly this already."
            return Proposal(Outcome.EXISTS, change, sentence)
    return None


@transaction.atomic
def _update(change: ChangeRequest, documents: Mapping[str, Any], *, acting_user: User) -> Proposal:
    change = locked_change(change)
    _require_untouched_draft(change)
    for row in change.draft.documents.all() if change.draft else ():
        editing.save_document(row.draft, row.kind, documents[row.kind], acting_user=acting_user)
    change = changes.update_content(change, acting_user=acting_user)
    sentence = f"Change request #{change.number} now has these documents."
    return Proposal(Outcome.UPDATED, change, sentence)


def _require_untouched_draft(change: ChangeRequest) -> None:
    """What somebody saved in the studio and has not proposed yet must not be overwritten."""
    documents = proposed_by(change.draft) if change.draft else {}
    saved = {kind: written_out(kind, document) for kind, document in documents.items()}
    if any(saved[kind] != written_out(kind, change.bundle.content[kind]) for kind in saved):
        raise Refused(
            Reason(
                "stale",
                f"The draft of change request #{change.number} was edited in the console and not "
                "taken over yet.",
                f"Export it with --draft {change.draft_id}, or propose under another title.",
            )
        )


@transaction.atomic
def _open(
    environment: Environment,
    files: WorkflowFiles,
    documents: Mapping[str, Any],
    said: _Said,
    *,
    acting_user: User,
) -> Proposal:
    """Two pipelines at once open one: the second waits for the workflow's row, and looks again."""
    environment = locked_environment(environment.pk)
    lock_workflow(environment.workflow_id)
    base = changes.active_release(environment)
    done = _settled(environment, base, documents)
    if done is not None:
        return done
    require_nothing_undone(environment, base, files, documents)
    draft = drafts.create_draft(
        environment.workflow, said.title, acting_user=acting_user, documents=dict(documents)
    )
    change = changes.propose(
        draft, environment, said.title, said.why, repairs=said.repairs, acting_user=acting_user
    )
    return Proposal(Outcome.OPENED, change, f"Change request #{change.number} is open.")
