"""The two commands: import a dataset, run an evaluation."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from evaluations.models import Dataset, ShadowEvaluation
from policies.models import Environment, Workflow
from tests.evaluations.runs_here import imported, required, write_outcomes
from tests.policies.steps import documents, proposed


def said(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_import_dataset__of_a_file__says_what_it_holds(
    workflow: Workflow, author: User, tmp_path: Path
) -> None:
    path = write_outcomes(tmp_path / "week.jsonl")
    words = said(
        "import_dataset", str(path), "--workflow=support-assistant", "--name=Week", "--as=author"
    )
    assert "Week: 400 requests, 1200 rows, 3 models, full." in words
    assert Dataset.objects.get().created_by == author


def test_import_dataset__of_a_faulty_file__names_line_and_field(
    workflow: Workflow, author: User, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"request_id": "r1", "model": "m", "quality": 3}\n')
    with pytest.raises(CommandError, match="line 1, quality: is 3; it must be between 0 and 1"):
        said("import_dataset", str(path), "--workflow=support-assistant", "--as=author")


def test_import_dataset__under_a_name_that_is_no_text__is_refused(
    workflow: Workflow, author: User, tmp_path: Path
) -> None:
    path = write_outcomes(tmp_path / "week.jsonl")
    with pytest.raises(CommandError, match="must be UTF-8 text"):
        said(
            "import_dataset", str(path), "--workflow=support-assistant", "--as=author",
            "--name=\udcff",
        )  # fmt: skip


@pytest.mark.parametrize("who", ["viewer", "nobody"])
def test_import_dataset__by_somebody_who_may_not__is_refused(
    workflow: Workflow, viewer: User, tmp_path: Path, who: str
) -> None:
    path = write_outcomes(tmp_path / "week.jsonl")
    with pytest.raises(CommandError):
        said("import_dataset", str(path), "--workflow=support-assistant", f"--as={who}")
    assert not Dataset.objects.exists()


def test_run_evaluation__of_a_change__waits_and_prints_the_verdict(
    staging: Environment, author: User, tmp_path: Path
) -> None:
    imported(staging.workflow, author, tmp_path)
    change = proposed(staging, author)
    words = said(
        "run_evaluation", "--workflow=support-assistant", "--dataset=Week 7",
        f"--change={change.number}", "--as=author",
    )  # fmt: skip
    run = ShadowEvaluation.objects.get()
    assert run.change_request == change
    assert f"{run.verdict}: {run.get_absolute_url()}" in words


def test_run_evaluation__of_two_bundles__needs_only_their_digests(
    staging: Environment, author: User, tmp_path: Path
) -> None:
    imported(staging.workflow, author, tmp_path)
    one, two = (proposed(staging, author, documents(share=s)).bundle.digest for s in (30, 60))
    said(
        "run_evaluation", "--workflow=support-assistant", "--dataset=Week 7", "--as=author",
        f"--candidate={one}", f"--baseline={two}",
    )  # fmt: skip
    assert ShadowEvaluation.objects.get().status == "finished"


def test_run_evaluation__without_a_dataset__is_the_one_on_the_plan(
    staging: Environment, author: User, tmp_path: Path
) -> None:
    required(staging, imported(staging.workflow, author, tmp_path))
    change = proposed(staging, author)
    words = said(
        "run_evaluation", "--workflow=support-assistant", f"--change={change.number}",
        "--as=author",
    )  # fmt: skip
    run = ShadowEvaluation.objects.get()
    assert run.look == 1
    assert f"{run.verdict}: {run.get_absolute_url()}" in words


def test_run_evaluation__of_an_unknown_dataset__says_so(staging: Environment, author: User) -> None:
    proposed(staging, author)
    with pytest.raises(CommandError, match="no dataset called Monday"):
        said(
            "run_evaluation", "--workflow=support-assistant", "--dataset=Monday", "--as=author",
            "--change=1",
        )  # fmt: skip
