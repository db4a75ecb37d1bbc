"""Policies as code: exported, imported, planned and proposed through the services."""

import datetime
import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from policies.engine import DocumentError
from policies.files.workflow_files import (
    HEADER,
    Header,
    WorkflowFiles,
    documents_digest,
    read_files,
)
from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import CatalogueModel, ChangeRequest, Draft, Environment, Release, Workflow
from policies.services.as_code import exporting, planning, proposing
from policies.services.as_code.proposing import Outcome
from policies.services.authoring import editing
from policies.services.catalogue.entries import ModelFacts, change_model
from policies.services.review import changes
from tests.policies.steps import approved, documents, draft_of, now, pass_evaluation, published

TITLE, WHY = "From Git", "The repository says so."


@pytest.fixture
def files(release: Release) -> dict[str, str]:
    """What is in force, as files."""
    return exporting.export_release(release)


def edited(files: dict[str, str], old: str = "weight: 90", new: str = "weight: 80") -> Any:
    changed = {**files, "router_policy.yaml": files["router_policy.yaml"].replace(old, new)}
    assert changed != files
    return read_files(changed)


def edited_policy(files: dict[str, str]) -> str:
    return files["router_policy.yaml"].replace("weight: 90", "weight: 80")


# --- Export and import ------------------------------------------------------------------
def test_export__of_a_release__says_where_it_is_from(files: dict[str, str]) -> None:
    assert next(iter(files)) == HEADER
    assert "workflow: support-assistant\nenvironment: staging\nrelease: 1\n" in files[HEADER]


def test_export__twice__gives_the_same_bytes(files: dict[str, str], release: Release) -> None:
    assert exporting.export_environment(release.environment) == files


def test_export__nothing_in_force__is_refused(staging: Environment) -> None:
    with pytest.raises(Refused, match="Nothing is published"):
        exporting.export_environment(staging)


def test_export__of_a_wrong_draft__writes_it_as_it_stands(workflow: Workflow, author: User) -> None:
    draft = draft_of(workflow, author, {**documents(), "router_policy": {"rules": 3}})
    written = exporting.export_draft(draft)
    assert "rules: 3" in written["router_policy.yaml"]
    assert "\ndigest:" not in written[HEADER]


def test_import__of_an_export__has_the_same_meaning(
    files: dict[str, str], workflow: Workflow, co_author: User
) -> None:
    draft = proposing.import_draft(workflow, read_files(files), TITLE, acting_user=co_author)
    kept = {row.kind: row.document for row in draft.documents.all()}
    assert documents_digest(kept) == documents_digest(documents())


def test_import__of_another_workflow__is_refused(
    files: dict[str, str], workflow: Workflow, author: User
) -> None:
    files[HEADER] = files[HEADER].replace("support-assistant", "sales")
    with pytest.raises(Refused, match=r"These files are of sales, not of support-assistant\."):
        proposing.import_draft(workflow, read_files(files), TITLE, acting_user=author)


def test_import__by_a_viewer__is_refused(
    files: dict[str, str], workflow: Workflow, viewer: User
) -> None:
    with pytest.raises(Refused) as caught:
        proposing.import_draft(workflow, read_files(files), TITLE, acting_user=viewer)
    assert caught.value.is_forbidden


# --- Reading a folder -------------------------------------------------------------------
def test_files__misspelt_name__is_refused_with_the_right_one(files: dict[str, str]) -> None:
    files["router_polcy.yaml"] = files.pop("router_policy.yaml")
    with pytest.raises(DocumentError, match=r'did you mean "router_policy\.yaml"'):
        read_files(files)


def test_files__wrong_in_two__name_file_and_line_of_each(files: dict[str, str]) -> None:
    files["fallback_matrix.yaml"] = "schema: 1\nrows:\n  - model: a\n    on: [boredom]\n"
    files["quality_thresholds.yaml"] = "schema: 2\n"
    with pytest.raises(DocumentError) as caught:
        read_files(files)
    first, second = caught.value.problems
    assert first.pointer == "/fallback_matrix/rows/0/on/0"
    assert first.message.startswith("fallback_matrix.yaml: must be one of")
    assert first.message.endswith("(line 4, column 10)")
    assert second.pointer == "/quality_thresholds/schema"


def test_files__none_of_a_component__are_refused() -> None:
    with pytest.raises(DocumentError, match="none of the files is there"):
        read_files({HEADER: "schema: 1\nworkflow: a\n"})


# --- Plan -------------------------------------------------------------------------------
def test_plan__of_what_is_in_force__changes_nothing(
    files: dict[str, str], staging: Environment
) -> None:
    plan = planning.plan(staging, read_files(files))
    assert plan.is_unchanged
    assert not plan.has_errors


def test_plan__other_weight__is_told_in_words_with_its_line(
    files: dict[str, str], staging: Environment
) -> None:
    plan = planning.plan(staging, edited(files))
    assert {entry.kind for entry in plan.changes} == {"router_policy"}
    assert plan.changes[0].place.startswith("router_policy.yaml line ")
    assert not plan.has_errors


def test_plan__unknown_model__is_an_error_with_its_line(
    files: dict[str, str], staging: Environment
) -> None:
    plan = planning.plan(staging, edited(files, "model: orchid", "model: orchit"))
    assert plan.has_errors
    assert 'did you mean "orchid"' in plan.problems[0].message
    assert "router_policy.yaml line " in plan.problems[0].message


def test_plan__component_without_a_file__stays_as_in_force(
    files: dict[str, str], staging: Environment
) -> None:
    del files["fallback_matrix.yaml"]
    plan = planning.plan(staging, read_files(files))
    assert plan.is_unchanged
    assert plan.notes == ("Without a file, and so as in force: fallback_matrix.yaml.",)


def test_plan__first_release__says_so(files: dict[str, str], production: Environment) -> None:
    plan = planning.plan(production, read_files(files))
    assert not plan.is_unchanged
    assert "first release" in plan.notes[0]


def test_plan__exported_before_the_last_release__says_so(
    files: dict[str, str], staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents(share=70))
    policy = files["router_policy.yaml"].replace("weight: 90", "weight: 70")
    policy = policy.replace("weight: 10", "weight: 30")
    has_it = read_files({**files, "router_policy.yaml": policy})
    plan = planning.plan(staging, has_it)
    assert "release 2 is in force by now. These files have all" in plan.notes[0]
    assert not plan.has_errors


def test_plan__exported_before_what_it_would_undo__is_an_error_that_says_what(
    files: dict[str, str], outdated: WorkflowFiles, staging: Environment
) -> None:
    plan = planning.plan(staging, outdated)
    (problem,) = plan.problems
    assert problem.pointer == "/workflow/release"
    assert "release 2 is in force by now, and these files undo" in problem.message
    assert "70%" in problem.message
    assert plan.has_errors


@pytest.mark.parametrize(
    ("days", "severity"), [(-1, "error"), (0, "error"), (60, "warning"), (120, None)]
)
def test_plan__model_about_to_retire__is_a_finding(
    files: dict[str, str], staging: Environment, owner: User, days: int, severity: str | None
) -> None:
    day = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)
    facts = ModelFacts("Orchid", 128_000, ("eu", "us"), ("tools",), retires_on=day)
    change_model(CatalogueModel.objects.get(key="orchid"), facts, acting_user=owner)
    found = {
        finding.name: finding.severity
        for finding in planning.plan(staging, read_files(files)).findings
        if finding.name.startswith("retir")
    }
    expected = {"retired:orchid" if days <= 0 else "retiring:orchid": severity} if severity else {}
    assert found == expected


# --- Propose ----------------------------------------------------------------------------
def test_propose__edited_files__open_a_change_request(
    files: dict[str, str], staging: Environment, author: User
) -> None:
    made = proposing.propose(staging, edited(files), TITLE, WHY, acting_user=author)
    assert made.outcome == Outcome.OPENED
    assert made.change is not None
    assert (made.change.title, made.change.state) == (TITLE, State.DRAFT)


def test_propose__what_is_in_force__does_nothing(
    files: dict[str, str], staging: Environment, author: User
) -> None:
    before = (ChangeRequest.objects.count(), Draft.objects.count())
    made = proposing.propose(staging, read_files(files), TITLE, WHY, acting_user=author)
    assert (made.outcome, made.change) == (Outcome.UNCHANGED, None)
    assert (ChangeRequest.objects.count(), Draft.objects.count()) == before


def test_propose__again__finds_the_one_that_is_open(
    files: dict[str, str], staging: Environment, author: User, co_author: User
) -> None:
    first = proposing.propose(staging, edited(files), TITLE, WHY, acting_user=author)
    again = proposing.propose(staging, edited(files), "Other words", WHY, acting_user=co_author)
    assert (again.outcome, again.change) == (Outcome.EXISTS, first.change)


def test_propose__other_content_under_the_title__updates_it_and_voids_approvals(
    files: dict[str, str], staging: Environment, author: User, owner: User
) -> None:
    first = proposing.propose(staging, edited(files), TITLE, WHY, acting_user=author)
    assert first.change is not None
    pass_evaluation(first.change)
    changes.submit(first.change, acting_user=author)
    approved(first.change, owner)
    other = edited(files, "weight: 90", "weight: 60")
    again = proposing.propose(staging, other, TITLE, WHY, acting_user=author)
    assert (again.outcome, again.change) == (Outcome.UPDATED, first.change)
    assert not now(first.change).reviews.standing().exists()


def test_propose__draft_edited_in_the_studio_meanwhile__is_refused(
    files: dict[str, str], staging: Environment, author: User, co_author: User
) -> None:
    first = proposing.propose(staging, edited(files), TITLE, WHY, acting_user=author)
    assert first.change is not None and first.change.draft is not None
    editing.save_document(
        first.change.draft, "router_policy", documents()["router_policy"], acting_user=co_author
    )
    with pytest.raises(Refused, match="was edited in the console"):
        other = edited(files, "weight: 90", "weight: 60")
        proposing.propose(staging, other, TITLE, WHY, acting_user=author)


def test_propose__anothers_change_of_that_title__opens_ones_own(
    files: dict[str, str], staging: Environment, author: User, co_author: User
) -> None:
    proposing.propose(staging, edited(files), TITLE, WHY, acting_user=author)
    other = edited(files, "weight: 90", "weight: 60")
    made = proposing.propose(staging, other, TITLE, WHY, acting_user=co_author)
    assert made.outcome == Outcome.OPENED


def test_propose__wrong_documents__change_nothing(
    files: dict[str, str], staging: Environment, author: User
) -> None:
    drafts_before = Draft.objects.count()
    wrong = edited(files, "model: orchid", "model: nobody")
    with pytest.raises(DocumentError):
        proposing.propose(staging, wrong, TITLE, WHY, acting_user=author)
    assert Draft.objects.count() == drafts_before


@pytest.mark.parametrize("who", ["viewer", "reviewer", "operator"])
def test_propose__without_the_right__is_refused(
    files: dict[str, str], staging: Environment, who: str, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    with pytest.raises(Refused) as caught:
        proposing.propose(staging, edited(files), TITLE, WHY, acting_user=user)
    assert caught.value.is_forbidden


# --- Files of an older export -----------------------------------------------------------
@pytest.fixture
def outdated(
    files: dict[str, str], staging: Environment, co_author: User, owner: User
) -> WorkflowFiles:
    """A checkout of release 1 with an edit elsewhere, while release 2 has another split."""
    published(staging, co_author, [owner], owner, documents(share=70))
    margin = files["quality_thresholds.yaml"].replace("margin: 0.02", "margin: 0.01")
    assert margin != files["quality_thresholds.yaml"]
    return read_files({**files, "quality_thresholds.yaml": margin})


def test_propose__from_an_older_export_that_undoes__is_refused_with_what_it_undoes(
    outdated: WorkflowFiles, staging: Environment, author: User
) -> None:
    with pytest.raises(Refused) as refused:
        proposing.propose(staging, outdated, TITLE, WHY, acting_user=author)
    (reason,) = refused.value.reasons
    assert reason.code == "outdated"
    assert "Exported from release 1; release 2 is in force by now" in reason.sentence
    assert "70%" in reason.sentence
    assert not ChangeRequest.objects.filter(title=TITLE).exists()


def test_import__of_an_older_export_that_undoes__is_refused(
    outdated: WorkflowFiles, workflow: Workflow, author: User
) -> None:
    with pytest.raises(Refused, match="release 2 is in force by now"):
        proposing.import_draft(workflow, outdated, TITLE, acting_user=author)


def test_upload__of_an_older_export_that_undoes__says_so_on_the_page(
    outdated: WorkflowFiles,
    files: dict[str, str],
    release: Release,
    workflow: Workflow,
    author: User,
    client: Client,
) -> None:
    client.force_login(author)
    uploads = [SimpleUploadedFile(name, text.encode()) for name, text in files.items()]
    body = {"title": "From disk", "source": "files", "uploads": uploads}
    answer = client.post(reverse("draft-create", args=[workflow.slug]), body)
    assert answer.status_code == 409
    assert "release 2 is in force by now" in answer.content.decode()


def test_rest__older_export_that_undoes__is_refused_by_propose_and_import(
    outdated: WorkflowFiles, files: dict[str, str], workflow: Workflow, author: User, client: Client
) -> None:
    client.force_login(author)
    address = f"/api/v1/workflows/{workflow.slug}"
    body = {"title": TITLE, "why": WHY, "environment": "staging", "files": files}
    answer = client.post(f"{address}/propose/", body, content_type="application/json")
    assert answer.status_code == 409
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["outdated"]
    body = {"title": TITLE, "files": files}
    answer = client.post(f"{address}/files/", body, content_type="application/json")
    assert answer.status_code == 409


def test_propose__from_an_older_export_that_undoes_nothing__opens_a_change_request(
    files: dict[str, str], staging: Environment, author: User, co_author: User, owner: User
) -> None:
    published(staging, co_author, [owner], owner, documents(margin=0.01))
    texts = {
        **files,
        "quality_thresholds.yaml": files["quality_thresholds.yaml"].replace("0.02", "0.01"),
    }
    made = proposing.propose(
        staging,
        read_files({**texts, "router_policy.yaml": edited_policy(files)}),
        TITLE,
        WHY,
        acting_user=author,
    )
    assert made.outcome == Outcome.OPENED


@pytest.mark.parametrize("of", ["another environment", "nowhere"])
def test_propose__files_that_name_no_older_release_here__is_compared_with_what_is_in_force(
    outdated: WorkflowFiles, staging: Environment, author: User, of: str
) -> None:
    header = Header("support-assistant", "production" if of != "nowhere" else None, release=None)
    files = replace(outdated, header=header)
    assert proposing.propose(staging, files, TITLE, WHY, acting_user=author).change is not None


def test_propose__files_of_a_release_that_never_was__are_refused(
    outdated: WorkflowFiles, staging: Environment, author: User
) -> None:
    files = replace(outdated, header=Header("support-assistant", "staging", release=99))
    with pytest.raises(Refused, match="there is no such release"):
        proposing.propose(staging, files, TITLE, WHY, acting_user=author)


# --- Download in the browser ------------------------------------------------------------
def test_download__of_a_release_and_of_a_draft__are_the_exported_files(
    client: Client, files: dict[str, str], release: Release, author: User, outsider: User
) -> None:
    draft = draft_of(release.workflow, author)
    for url, expected in (
        (f"{release.get_absolute_url()}files.zip", files),
        (f"{draft.get_absolute_url()}files.zip", exporting.export_draft(draft)),
    ):
        client.force_login(author)
        archive = zipfile.ZipFile(io.BytesIO(client.get(url).content))
        read = {name.split("/")[1]: archive.read(name).decode() for name in archive.namelist()}
        assert read == expected
        client.force_login(outsider)
        assert client.get(url).status_code == 404
