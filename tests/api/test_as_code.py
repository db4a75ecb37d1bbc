"""Policies as code by REST."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.models import Release
from tests.api.conftest import Caller, codes, pointers

CallerOf = Callable[[User], Caller]
PATH = "/workflows/support-assistant"
WORDS = {"title": "From Git", "why": "Merged."}


@pytest.fixture
def files(release: Release, viewer: User, calling: CallerOf) -> dict[str, str]:
    return dict(calling(viewer).get(f"{PATH}/files/", environment="staging").json()["files"])


def edited(files: dict[str, str]) -> dict[str, str]:
    policy = files["router_policy.yaml"].replace("weight: 90", "weight: 80")
    return {**files, "router_policy.yaml": policy}


def test_export__of_a_release__gives_five_files(files: dict[str, str]) -> None:
    assert sorted(files) == [
        "fallback_matrix.yaml",
        "quality_thresholds.yaml",
        "request_classification.yaml",
        "router_policy.yaml",
        "workflow.yaml",
    ]


def test_export__as_archive__holds_the_same_files(
    files: dict[str, str], viewer: User, calling: CallerOf
) -> None:
    answer: Any = calling(viewer).get(f"{PATH}/files/archive/", environment="staging", release=1)
    assert answer.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    read = {name: archive.read(name).decode() for name in archive.namelist()}
    assert read == {f"support-assistant/{name}": text for name, text in files.items()}


def test_export__of_what_others_own__is_not_there(
    release: Release, outsider: User, calling: CallerOf
) -> None:
    for path in ("files/", "files/archive/"):
        assert calling(outsider).get(f"{PATH}/{path}").status_code == 404


def test_import__of_an_export__is_a_draft(
    files: dict[str, str], author: User, calling: CallerOf
) -> None:
    answer = calling(author).post(f"{PATH}/files/", {"title": "From Git", "files": files})
    assert answer.status_code == 201
    exported = calling(author).get(f"{PATH}/files/", draft=answer.json()["id"]).json()["files"]
    assert exported["router_policy.yaml"] == files["router_policy.yaml"]


def test_plan__other_weight__says_so_and_saves_nothing(
    files: dict[str, str], viewer: User, calling: CallerOf
) -> None:
    body = {"environment": "staging", "files": edited(files)}
    plan = calling(viewer).post(f"{PATH}/plan/", body).json()
    assert (plan["unchanged"], plan["has_errors"]) == (False, False)
    assert plan["changes"][0]["component"] == "router_policy"
    assert plan["impact_sentence"].startswith("No dataset yet")
    assert calling(viewer).get(f"{PATH}/drafts/").json()["count"] == 1  # the release's own


def test_plan__yaml_that_cannot_be_read__names_file_and_line(
    files: dict[str, str], viewer: User, calling: CallerOf
) -> None:
    files["router_policy.yaml"] = "schema: 1\nrules: [\n"
    body = {"environment": "staging", "files": files}
    answer = calling(viewer).post(f"{PATH}/plan/", body)
    assert (answer.status_code, pointers(answer)) == (422, ["/router_policy"])
    message = answer.json()["errors"][0]["message"]
    assert message.startswith("router_policy.yaml: is not YAML")
    assert "line 3" in message


def test_propose__twice__opens_one_change_request(
    files: dict[str, str], author: User, calling: CallerOf
) -> None:
    body = {"environment": "staging", "files": edited(files), **WORDS}
    first = calling(author).post(f"{PATH}/propose/", body).json()
    again = calling(author).post(f"{PATH}/propose/", body).json()
    assert (first["outcome"], again["outcome"]) == ("opened", "exists")
    assert first["change"] == again["change"]


def test_propose__what_is_in_force__opens_none(
    files: dict[str, str], author: User, calling: CallerOf
) -> None:
    body = {"environment": "staging", "files": files, **WORDS}
    answer = calling(author).post(f"{PATH}/propose/", body).json()
    assert (answer["outcome"], answer["change"]) == ("unchanged", None)


@pytest.mark.parametrize("path", ["propose/", "files/"])
def test_writing__by_a_viewer__is_refused(
    files: dict[str, str], viewer: User, calling: CallerOf, path: str
) -> None:
    body = {"title": "From Git", "files": edited(files)}
    if path == "propose/":
        body |= {"environment": "staging", "why": "Merged."}
    answer = calling(viewer).post(f"{PATH}/{path}", body)
    assert (answer.status_code, codes(answer)) == (403, ["role"])
