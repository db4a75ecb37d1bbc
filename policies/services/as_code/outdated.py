"""Files exported from an earlier release than the one in force: what proposing them would undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.files.workflow_files import WorkflowFiles
from policies.governance.refusals import Reason, Refused
from policies.models import Environment, Release
from policies.services.review.undoing import told, undone_between


def exported_before(
    environment: Environment, base: Release | None, files: WorkflowFiles
) -> Release | None:
    """The release that the files say they were exported from, where another is in force by now.

    None also where they do not say it, or say it of another environment. Raises Refused where
    there is no such release.
    """
    header = files.header
    if header is None or header.release is None or header.environment != environment.name:
        return None
    if base is not None and base.number == header.release:
        return None
    rows = Release.objects.filter(environment=environment, number=header.release)
    found = rows.select_related("bundle").defer("body").first()
    if found is None:
        raise Refused(
            Reason(
                "release",
                f"workflow.yaml says release {header.release} of {environment.name}, and there is "
                "no such release.",
                "Export again, or take “release” out of workflow.yaml.",
            )
        )
    return found


def undone_by_files(
    exported: Release | None, base: Release | None, documents: Mapping[str, Any]
) -> list[str]:
    """In words, what was published since the export and would be gone: three versions compared."""
    if exported is None or base is None:
        return []
    return undone_between(exported.bundle.documents, documents, base.bundle.documents)


def sentence_about(exported: Release, base: Release, undone: list[str]) -> str:
    return (
        f"Exported from release {exported.number}; release {base.number} is in force by now, and "
        f"these files undo what it changed. {told(undone)}"
    )


def require_nothing_undone(
    environment: Environment,
    base: Release | None,
    files: WorkflowFiles,
    documents: Mapping[str, Any],
) -> None:
    """Raises Refused where files of an older export would undo what was published since."""
    exported = exported_before(environment, base, files)
    undone = undone_by_files(exported, base, documents)
    if exported is not None and base is not None and undone:
        raise Refused(Reason("outdated", sentence_about(exported, base, undone), how_to_mend(base)))


def how_to_mend(base: Release) -> str:
    return (
        f"Export release {base.number} and make your edits there. To undo it on purpose, take "
        "“release” out of workflow.yaml."
    )
