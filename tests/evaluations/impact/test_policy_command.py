"""`manage.py policy`: what a pipeline sees of it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from evaluations.management.commands.policy import DIFFERS, REFUSED, USAGE, WRONG
from policies.models import ChangeRequest, Draft, Environment, Release
from tests.policies.steps import documents, published

PROPOSE = ("--title", "From Git", "--why", "Merged.")


@pytest.fixture
def folder(release: Release, tmp_path: Path) -> Path:
    """An export of what is in force."""
    run("export", "support-assistant", tmp_path / "policy")
    return tmp_path / "policy"


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("policy", *map(str, arguments), stdout=out)
    return out.getvalue()


def failing(*arguments: Any) -> tuple[int, str]:
    """Exit code and all that was said."""
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("policy", *map(str, arguments), stdout=out)
    return caught.value.returncode, f"{out.getvalue()}{caught.value}"


def edit(folder: Path, old: str, new: str, name: str = "router_policy.yaml") -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def test_export__into_a_new_folder__writes_five_files(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 5
    assert "workflow.yaml" in names


def test_plan__untouched__says_nothing_changes(folder: Path) -> None:
    assert run("plan", folder).endswith("Nothing changes.\n")


def test_plan__untouched__passes_over_the_notes_that_are_known(folder: Path) -> None:
    told = run("plan", folder)
    assert "notes as before." in told
    assert "new " not in told
    findings = json.loads(run("plan", folder, "--json"))["findings"]
    assert findings and not any(finding["is_new"] for finding in findings)


def test_plan__other_weight__tells_change_place_and_blast_radius(folder: Path) -> None:
    edit(folder, "weight: 90", "weight: 80")
    told = run("plan", folder, "--environment", "staging")
    assert "support-assistant → staging, compared with release 1" in told
    assert "[router_policy.yaml line " in told
    assert "Blast radius: No dataset yet" in told
    assert told.splitlines()[-1].endswith("no errors, 0 warnings.")


def test_plan__with_a_detailed_exit_code__tells_whether_the_files_differ(folder: Path) -> None:
    assert run("plan", folder, "--detailed-exitcode").endswith("Nothing changes.\n")
    edit(folder, "weight: 90", "weight: 80")
    assert "3 changes" in run("plan", folder)
    code, said = failing("plan", folder, "--detailed-exitcode")
    assert code == DIFFERS == 4
    assert "3 changes" in said
    edit(folder, "model: orchid", "model: orchit")
    assert failing("plan", folder, "--detailed-exitcode")[0] == WRONG


def test_propose__from_an_older_export_that_undoes__exits_3_and_plan_1(
    folder: Path, staging: Environment, author: User, co_author: User, owner: User
) -> None:
    published(staging, co_author, [owner], owner, documents(share=70))
    edit(folder, "margin: 0.02", "margin: 0.01", "quality_thresholds.yaml")
    code, said = failing("propose", folder, "--as", "author", *PROPOSE)
    assert (code, "release 2 is in force by now" in said) == (REFUSED, True)
    code, said = failing("plan", folder)
    assert (code, "release 2 is in force by now" in said) == (WRONG, True)


def test_plan__as_json__is_the_document_that_rest_gives(folder: Path) -> None:
    edit(folder, "weight: 90", "weight: 80")
    plan = json.loads(run("plan", folder, "--json"))
    assert plan["changes"][0]["component"] == "router_policy"
    assert plan["base"]["release"] == 1


def test_plan__unknown_model__exits_1_with_the_line(folder: Path) -> None:
    edit(folder, "model: orchid", "model: orchit")
    code, said = failing("plan", folder)
    assert code == WRONG
    assert 'did you mean "orchid"' in said
    assert "router_policy.yaml line " in said


def test_plan__broken_yaml__exits_1_with_the_line(folder: Path) -> None:
    edit(folder, "rules:", "rules: [")
    code, said = failing("plan", folder)
    assert code == WRONG
    assert "router_policy.yaml: is not YAML" in said


def test_plan__rule_never_reached__prints_a_witness(folder: Path) -> None:
    rule = "  - id: c0\n    when: {}\n    class: simple\n"
    edit(folder, "rules:\n", f"rules:\n{rule}", "request_classification.yaml")
    out = io.StringIO()
    try:
        call_command("policy", "plan", str(folder), stdout=out)
    except CommandError as error:
        assert error.returncode == WRONG
    assert "Analysis" in out.getvalue()
    assert "name " in out.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "/nowhere"),
        ("export", "nothing-here", "x"),
        ("export", "support-assistant", "x", "--environment", "moon"),
        ("export", "support-assistant", "x", "--release", "99"),
        ("export", "support-assistant", "x", "--draft", "99999"),
    ],
)
def test_command__wrong_usage__exits_2(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert failing(*arguments)[0] == USAGE
    assert not (tmp_path / "x").exists()


def test_import__as_author__makes_a_draft(folder: Path, author: User) -> None:
    edit(folder, "weight: 90", "weight: 80")
    told = run("import", folder, "--as", "author", "--title", "From Git")
    draft = Draft.objects.latest("pk")
    assert draft.title == "From Git"
    assert draft.get_absolute_url() in told


def test_propose__twice__opens_one_and_exits_0(folder: Path, author: User) -> None:
    edit(folder, "weight: 90", "weight: 80")
    assert "is open" in run("propose", folder, "--as", "author", *PROPOSE)
    assert "already" in run("propose", folder, "--as", "author", *PROPOSE)
    assert ChangeRequest.objects.count() == 2  # the release's own, and this one


def test_propose__as_a_repair__says_so_and_exits_2_for_what_is_no_release(
    folder: Path, author: User
) -> None:
    edit(folder, "weight: 90", "weight: 80")
    code, said = failing("propose", folder, "--as", "author", *PROPOSE, "--repairs", 2)
    assert (code, said) == (USAGE, "--repairs: staging has no release 2: its last is 1.")
    run("propose", folder, "--as", "author", *PROPOSE, "--repairs", 1)
    made = ChangeRequest.objects.latest("pk")
    assert made.repairs is not None and made.repairs.number == 1


def test_propose__nothing_changed__says_so_and_exits_0(folder: Path, author: User) -> None:
    told = run("propose", folder, "--as", "author", *PROPOSE)
    assert told.startswith("Nothing to propose: release 1 in staging says the same.")


def test_propose__as_viewer__exits_3(folder: Path, viewer: User) -> None:
    edit(folder, "weight: 90", "weight: 80")
    code, said = failing("propose", folder, "--as", "viewer", *PROPOSE)
    assert code == REFUSED
    assert "may propose changes" in said


def test_propose__files_of_another_workflow__exits_3(folder: Path, author: User) -> None:
    edit(folder, "workflow: support-assistant", "workflow: sales", "workflow.yaml")
    code, _ = failing(
        "propose", folder, "--workflow", "support-assistant", "--as", "author", *PROPOSE
    )
    assert code == REFUSED


def test_schema__of_a_component__is_what_its_address_serves(client: Client) -> None:
    assert run("schema", "fallback_matrix") == (
        client.get("/api/v1/schemas/fallback_matrix.json").content.decode()
    )


def test_schema__of_another_name__says_which_there_are() -> None:
    with pytest.raises(CommandError, match="'fallback_matrix', 'quality_thresholds'"):
        run("schema", "catalogue")
