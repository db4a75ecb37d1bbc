"""Who brought a dataset in, when and by which way: kept by every way in, told beside verdicts."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Dataset
from evaluations.services.runs import starting
from policies.models import Environment, Workflow
from policies.services.people.tokens import issue_personal_token
from tests.evaluations.runs_here import computed, evaluated, imported, required, write_outcomes
from tests.policies.steps import proposed

Import = Callable[[Client, User, Path], object]


def by_form(client: Client, user: User, path: Path) -> None:
    client.force_login(user)
    upload = SimpleUploadedFile("week.jsonl", path.read_bytes())
    address = reverse("dataset-import", args=["support-assistant"])
    assert client.post(address, {"name": "Week", "file": upload}).status_code == 302


def by_rest(client: Client, user: User, path: Path) -> None:
    _, token = issue_personal_token(user, "test", acting_user=user)
    answer = client.post(
        "/api/v1/workflows/support-assistant/datasets/?name=Week&file_name=week.jsonl",
        path.read_bytes(),
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["imported_from"]) == (201, "rest")


def by_command(client: Client, user: User, path: Path) -> None:
    call_command(
        "import_dataset", path, workflow="support-assistant", name="Week", username=user.username
    )


WAYS: dict[str, tuple[Import, str]] = {
    "browser": (by_form, "in the browser"),
    "rest": (by_rest, "over REST"),
    "command": (by_command, "from the command line"),
}


@pytest.mark.parametrize("way", WAYS)
def test_provenance__of_every_way_in__says_who_when_and_how(
    client: Client, workflow: Workflow, author: User, tmp_path: Path, way: str
) -> None:
    bring_in, words = WAYS[way]
    bring_in(client, author, write_outcomes(tmp_path / "week.jsonl", 60))
    dataset = Dataset.objects.get()
    assert dataset.imported_from == way
    today = f"{timezone.now():%-d %b %Y}"
    assert dataset.provenance == f"uploaded by Anna Author on {today} {words}"


def test_provenance__of_what_came_before_it_was_kept__is_read_from_the_audit_trail(
    client: Client, workflow: Workflow, author: User, tmp_path: Path
) -> None:
    by_rest(client, author, write_outcomes(tmp_path / "week.jsonl", 60))
    Dataset.objects.update(imported_from="")
    assert Dataset.objects.get().provenance.endswith(f"{timezone.now():%Y}")
    module = importlib.import_module("evaluations.migrations.0005_dataset_imported_from")
    module.ways_of_imports(apps, None)
    assert Dataset.objects.get().imported_from == "rest"


def test_provenance__stands_beside_the_verdict_wherever_there_is_one(
    client: Client, staging: Environment, author: User, tmp_path: Path
) -> None:
    dataset = imported(staging.workflow, author, tmp_path)
    required(staging, dataset)
    change = proposed(staging, author)
    [judged] = evaluated(change, author)
    explored = computed(starting.evaluate_change(change, dataset, acting_user=author))
    slug = staging.workflow.slug
    client.force_login(author)
    places = {
        judged.get_absolute_url(): 2,  # its own, and that of the other run
        explored.get_absolute_url(): 2,
        reverse("evaluations", args=[slug]): 2,
        reverse("change-evidence", args=[slug, change.number]): 3,  # required, history, explored
        change.get_absolute_url(): 2,  # in short, and with the checks
    }
    found = {path: client.get(path).content.decode().count(dataset.provenance) for path in places}
    assert found == places
    told = {
        "imported_by": "author",
        "imported_at": dataset.created_at.isoformat().replace("+00:00", "Z"),
        "imported_from": "command",
        "origin": "uploaded",
    }
    base = f"/api/v1/workflows/{slug}"
    assert client.get(f"{base}/evaluations/{judged.pk}/").json()["dataset_origin"] == told
    [listed] = client.get(f"{base}/changes/{change.number}/evidence/").json()["datasets"]
    assert {name: listed[name] for name in ("imported_by", "imported_from", "origin")} == {
        name: told[name] for name in ("imported_by", "imported_from", "origin")
    }
    assert listed["imported_at"] is not None
