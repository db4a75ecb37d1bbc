"""Policies as code: a workflow's documents as files, out and in, planned and proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from policies.differences import Change, describe_difference, written_out
from policies.engine import COMPONENTS, DocumentError, Problem, compose, digest
from policies.files.workflow_files import Header, WorkflowFiles, documents_digest, write_files
from policies.governance.refusals import Reason, Refused
from policies.governance.static_checks import Finding, findings_of
from policies.models import ChangeRequest, Draft, Environment, Release, Workflow
from policies.services.authoring import drafts
from policies.services.catalogue.documents import catalogue_document
from policies.services.catalogue.retirements import retirement_findings
from policies.services.locking import lock_workflow, locked_change
from policies.services.review import changes
from policies.services.rights import require_right


def export_environment(environment: Environment) -> dict[str, str]:
    """The files of what is in force in an environment. Raises Refused when nothing is."""
    release = changes.active_release(environment)
    if release is None:
        raise Refused(
            Reason(
                "empty",
                f"Nothing is published in {environment} yet.",
                "Export a draft, or publish a first release.",
            )
        )
    return export_release(release)


def export_release(release: Release) -> dict[str, str]:
    documents = documents_of(release)
    header = Header(
        workflow=release.workflow.slug,
        environment=release.environment.name,
        release=release.number,
        digest=documents_digest(documents),
    )
    return write_files(header, documents)


def export_draft(draft: Draft) -> dict[str, str]:
    """A draft may be wrong for now: such a document is written as it stands, without a digest."""
    documents = {row.kind: row.document for row in draft.documents.all()}
    try:
        said = documents_digest(documents)
    except DocumentError:
        said = None
    header = Header(workflow=draft.workflow.slug, draft=draft.pk, digest=said)
    return write_files(header, documents)


def documents_of(release: Release) -> dict[str, Any]:
    return {kind: release.bundle.content[kind] for kind in COMPONENTS}


@dataclass(frozen=True)
class PlannedChange:
    """One difference to what is in force. ``place`` is the file and line, where there is one."""

    kind: str
    change: Change
    place: str


@dataclass(frozen=True)
class Plan:
    """What files would change. ``documents`` are complete, ``content`` is None while wrong.

    ``known`` are the names of findings that what is in force has too.
    """

    workflow: Workflow
    environment: Environment
    base: Release | None
    documents: Mapping[str, Any]
    changes: tuple[PlannedChange, ...]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    known: frozenset[str]
    notes: tuple[str, ...]
    content: dict[str, Any] | None

    @property
    def is_unchanged(self) -> bool:
        """Whether the documents say what is in force."""
        return self.base is not None and not self.changes

    @property
    def has_errors(self) -> bool:
        return bool(self.problems) or any(finding.is_error for finding in self.findings)

    @property
    def digest(self) -> str:
        """Of the bundle that would be proposed; empty while the documents are wrong."""
        return digest(self.content) if self.content else ""


def plan(environment: Environment, files: WorkflowFiles) -> Plan:
    """What would change in an environment, and what is wrong with it. Nothing is saved.

    Raises Refused for another workflow's files.
    """
    workflow = environment.workflow
    require_same_workflow(workflow, files)
    base = changes.active_release(environment)
    documents = _completed(environment, base, files)
    problems, content = _composed(documents, files)
    return Plan(
        workflow=workflow,
        environment=environment,
        base=base,
        documents=documents,
        changes=tuple(_differences(base, documents, files)) if base else (),
        problems=problems,
        findings=tuple(_findings(content)) if content else (),
        known=frozenset(found.name for found in _findings(base.bundle.content))
        if base
        else frozenset(),
        notes=tuple(_notes(environment, base, files)),
        content=content,
    )


def require_same_workflow(workflow: Workflow, files: WorkflowFiles) -> None:
    if files.header is not None and files.header.workflow != workflow.slug:
        raise Refused(
            Reason(
                "workflow",
                f"These files are of {files.header.workflow}, not of {workflow.slug}.",
                "Name the other workflow, or mend “workflow” in workflow.yaml if you mean it.",
            )
        )


def _completed(
    environment: Environment, base: Release | None, files: WorkflowFiles
) -> dict[str, Any]:
    """The files' documents; a component without a file stays as it is in force."""
    in_force = documents_of(base) if base else drafts.documents_in_force(environment.workflow)
    return {**in_force, **files.documents}


def _composed(
    documents: Mapping[str, Any], files: WorkflowFiles
) -> tuple[tuple[Problem, ...], dict[str, Any] | None]:
    try:
        return (), compose(documents, catalogue_document())
    except DocumentError as error:
        return tuple(_with_place(problem, files) for problem in error.problems), None


def _with_place(problem: Problem, files: WorkflowFiles) -> Problem:
    place = files.where(problem.pointer)
    return Problem(problem.pointer, f"{problem.message} ({place})" if place else problem.message)


def _findings(content: dict[str, Any]) -> list[Finding]:
    return [*findings_of(content), *retirement_findings(content)]


def _differences(
    base: Release, documents: Mapping[str, Any], files: WorkflowFiles
) -> list[PlannedChange]:
    old = documents_of(base)
    return [
        PlannedChange(
            kind,
            change,
            "" if change.kind == "removed" else files.where(f"/{kind}{change.pointer}"),
        )
        for kind in COMPONENTS
        for change in describe_difference(
            kind, old[kind], documents[kind], classification=documents["request_classification"]
        )
    ]


def _notes(environment: Environment, base: Release | None, files: WorkflowFiles) -> list[str]:
    notes = []
    if base is None:
        notes.append(f"Nothing is in force in {environment.name}: this would be its first release.")
    if files.missing:
        notes.append(f"Without a file, and so as in force: {', '.join(files.missing)}.")
    header = files.header
    is_from_here = header is not None and header.environment == environment.name
    if base and header and is_from_here and header.release and header.release < base.number:
        notes.append(
            f"Exported from release {header.release}; release {base.number} is in force by now. "
            "Export again to see whether it changed the same places."
        )
    return notes


def import_draft(
    workflow: Workflow, files: WorkflowFiles, title: str, *, acting_user: User
) -> Draft:
    """A new draft with the files' documents. Raises Refused."""
    require_same_workflow(workflow, files)
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
    environment: Environment, files: WorkflowFiles, title: str, why: str, *, acting_user: User
) -> Proposal:
    """Have a change request with these documents, once, however often it is asked.

    In force already, or proposed already: nothing happens. An open change request of the same
    title, environment and person takes the new documents over (which voids approvals as any edit
    does). Else one is opened. Raises DocumentError or Refused.
    """
    workflow = environment.workflow
    require_right("propose", workflow.team, acting_user=acting_user, to="propose changes")
    require_same_workflow(workflow, files)
    base = changes.active_release(environment)
    documents = _completed(environment, base, files)
    done = _settled(environment, base, documents)
    if done is not None:
        return done
    mine = _open_changes(environment).filter(title=title, created_by=acting_user)
    change = mine.exclude(draft=None).first()
    if change is not None:
        return _update(change, documents, acting_user=acting_user)
    return _open(environment, documents, title, why, acting_user=acting_user)


def _open_changes(environment: Environment) -> Any:
    return ChangeRequest.objects.with_related().open().filter(environment=environment)


def _settled(
    environment: Environment, base: Release | None, documents: Mapping[str, Any]
) -> Proposal | None:
    wanted = documents_digest(documents)
    if base is not None and documents_digest(documents_of(base)) == wanted:
        sentence = f"Nothing to propose: release {base.number} in {environment.name} says the same."
        return Proposal(Outcome.UNCHANGED, None, sentence)
    for change in _open_changes(environment):
        if documents_digest({kind: change.bundle.content[kind] for kind in COMPONENTS}) == wanted:
            sentence = f"Change request #{change.number} proposes exactly this already."
            return Proposal(Outcome.EXISTS, change, sentence)
    return None


@transaction.atomic
def _update(change: ChangeRequest, documents: Mapping[str, Any], *, acting_user: User) -> Proposal:
    change = locked_change(change)
    _require_untouched_draft(change)
    for row in change.draft.documents.all() if change.draft else ():
        drafts.save_document(row.draft, row.kind, documents[row.kind], acting_user=acting_user)
    change = changes.update_content(change, acting_user=acting_user)
    sentence = f"Change request #{change.number} now has these documents."
    return Proposal(Outcome.UPDATED, change, sentence)


def _require_untouched_draft(change: ChangeRequest) -> None:
    """What somebody saved in the studio and has not proposed yet must not be overwritten."""
    rows = change.draft.documents.all() if change.draft else ()
    saved = {row.kind: written_out(row.kind, row.document) for row in rows}
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
    documents: Mapping[str, Any],
    title: str,
    why: str,
    *,
    acting_user: User,
) -> Proposal:
    """Two pipelines at once open one: the second waits for the workflow's row, and looks again."""
    lock_workflow(environment.workflow_id)
    done = _settled(environment, changes.active_release(environment), documents)
    if done is not None:
        return done
    draft = drafts.create_draft(
        environment.workflow, title, acting_user=acting_user, documents=dict(documents)
    )
    change = changes.propose(draft, environment, title, why, acting_user=acting_user)
    return Proposal(Outcome.OPENED, change, f"Change request #{change.number} is open.")
