"""What files would change in an environment, and what is wrong with it. Nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.differences import Change, describe_difference
from policies.engine import COMPONENTS, DocumentError, Problem, compose, digest
from policies.files.workflow_files import WorkflowFiles
from policies.governance.refusals import Reason, Refused
from policies.governance.static_checks import Finding, findings_of
from policies.models import Environment, Release, Workflow
from policies.services.as_code.outdated import (
    exported_before,
    how_to_mend,
    sentence_about,
    undone_by_files,
)
from policies.services.authoring import drafts
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.authoring.proposals import as_proposed
from policies.services.authoring.retirements import retirement_findings
from policies.services.review import changes


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
    documents = completed(environment, base, files)
    problems, content = _composed(documents, files)
    exported = exported_before(environment, base, files)
    undone = undone_by_files(exported, base, documents)
    if exported is not None and base is not None and undone:
        said = f"{sentence_about(exported, base, undone)} {how_to_mend(base)}"
        problems = (Problem("/workflow/release", said), *problems)
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
        notes=tuple(_notes(environment, base, files, None if undone else exported)),
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


def completed(
    environment: Environment, base: Release | None, files: WorkflowFiles
) -> dict[str, Any]:
    """The files' documents as they are proposed; a component without a file stays as it is in
    force.
    """
    in_force = base.bundle.documents if base else drafts.documents_in_force(environment.workflow)
    return as_proposed({**in_force, **files.documents}, base)


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
    old = base.bundle.documents
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


def _notes(
    environment: Environment,
    base: Release | None,
    files: WorkflowFiles,
    exported: Release | None,
) -> list[str]:
    notes = []
    if base is None:
        notes.append(f"Nothing is in force in {environment.name}: this would be its first release.")
    if files.missing:
        notes.append(f"Without a file, and so as in force: {', '.join(files.missing)}.")
    if base and exported:
        notes.append(
            f"Exported from release {exported.number}; release {base.number} is in force by now. "
            "These files have all that it changed."
        )
    return notes
