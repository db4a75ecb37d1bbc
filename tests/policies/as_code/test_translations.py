"""Other routers' formats by page, REST and command: the same rules, the same report."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from policies.interop import FORMATS, read
from policies.models import Draft, Release, Workflow
from tests.api.conftest import Caller, pointers

pytestmark = pytest.mark.django_db
CallerOf = Callable[[User], Caller]
PATH = "/workflows/support-assistant"
CONFIG = """\
model_list:
  - model_name: swift-small
    litellm_params: {model: acme/swift-small, api_key: os.environ/KEY}
  - model_name: swift-large
    litellm_params: {model: acme/swift-large}
  - model_name: newcomer
    litellm_params: {model: acme/newcomer}
router_settings:
  fallbacks: [{swift-small: [swift-large]}]
"""


@pytest.fixture
def calling() -> CallerOf:
    return Caller


@pytest.mark.parametrize("router", FORMATS)
def test_release__over_rest__comes_with_its_report(
    release: Release, viewer: User, calling: CallerOf, router: str
) -> None:
    answer = calling(viewer).get(f"{PATH}/releases/staging/1/export/", format=router)
    assert answer.status_code == 200
    told = answer.json()
    assert told["file_name"] == FORMATS[router].file_name
    assert {loss["fidelity"] for loss in told["losses"]} >= {"needs the caller", "dropped"}
    assert read(told["text"], router).documents


def test_release__in_a_format_that_is_none__is_refused_with_the_known_ones(
    release: Release, viewer: User, outsider: User, calling: CallerOf
) -> None:
    answer = calling(viewer).get(f"{PATH}/releases/staging/1/export/", format="nginx")
    assert (answer.status_code, pointers(answer)) == (400, ["/format"])
    answer = calling(outsider).get(f"{PATH}/releases/staging/1/export/", format="litellm")
    assert answer.status_code == 404


def test_draft__over_rest__is_exported_as_it_would_be_proposed(
    release: Release, author: User, calling: CallerOf
) -> None:
    made = calling(author).post(f"{PATH}/drafts/", {"title": "Next"}).json()
    answer = calling(author).get(f"{PATH}/drafts/{made['id']}/export/", format="litellm")
    assert answer.status_code == 200
    assert "swift-large" in answer.json()["text"]


def test_configuration__over_rest__becomes_a_draft_only_with_a_title(
    release: Release, author: User, viewer: User, calling: CallerOf
) -> None:
    asked = {"format": "litellm", "text": CONFIG}
    answer = calling(viewer).post(f"{PATH}/imports/", asked)
    assert (answer.status_code, answer.json()["draft"]) == (200, None)
    assert answer.json()["missing_models"] == ["acme/newcomer"]
    assert answer.json()["catalogue"]["models"]["acme/newcomer"]["provider"] == "acme"
    asked["title"] = "From LiteLLM"
    assert calling(viewer).post(f"{PATH}/imports/", asked).status_code == 403
    answer = calling(author).post(f"{PATH}/imports/", asked)
    assert answer.status_code == 201
    draft = Draft.objects.get(pk=answer.json()["draft"])
    policy = draft.saved_documents()["router_policy"]
    assert [rule["id"] for rule in policy["rules"]] == ["swift-small", "swift-large", "newcomer"]


@pytest.mark.parametrize("router", FORMATS)
def test_release__exported_and_read_again__lacks_no_model(
    release: Release, viewer: User, calling: CallerOf, router: str
) -> None:
    told = calling(viewer).get(f"{PATH}/releases/staging/1/export/", format=router).json()
    asked = {"format": router, "text": told["text"]}
    answer = calling(viewer).post(f"{PATH}/imports/", asked)
    assert (answer.status_code, answer.json()["missing_models"]) == (200, [])


def test_configuration__that_is_wrong__is_refused_with_line_and_place(
    release: Release, author: User, calling: CallerOf
) -> None:
    wrong = CONFIG.replace("[swift-large]", "[[swift-large]]")
    answer = calling(author).post(f"{PATH}/imports/", {"format": "litellm", "text": wrong})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/router_settings/fallbacks/0/swift-small/0"
    assert "line 9" in error["message"]


def test_release_page__leads_to_each_format_with_report_and_file(
    client: Client, release: Release, viewer: User
) -> None:
    client.force_login(viewer)
    page = client.get("/w/support-assistant/releases/staging/1/").content.decode()
    for found in FORMATS.values():
        address = f"/w/support-assistant/releases/staging/1/for/{found.key}/"
        assert address in page
        shown = client.get(address)
        assert shown.status_code == 200
        assert "Needs the caller" in shown.content.decode()
        file: Any = client.get(f"{address}file")
        assert found.file_name in file["Content-Disposition"]
    assert client.get("/w/support-assistant/releases/staging/1/for/nginx/").status_code == 404


def uploaded(client: Client, text: str) -> Any:
    file = SimpleUploadedFile("config.yaml", text.encode())
    given = {"title": "From LiteLLM", "source": "router", "router": "litellm", "config": file}
    return client.post("/w/support-assistant/drafts/new/", given)


def test_new_draft__from_a_configuration__shows_what_was_lost(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    answer = uploaded(client, CONFIG)
    draft = Draft.objects.get(title="From LiteLLM")
    assert answer.status_code == 302
    assert answer["Location"] == f"/w/support-assistant/drafts/{draft.pk}/imported/"
    page = client.get(answer["Location"]).content.decode()
    assert "newcomer" in page
    assert "How the deployment is reached stays with the router." in page


def test_new_draft__from_a_wrong_configuration__names_the_line(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    answer = uploaded(client, "model_list: {}")
    assert answer.status_code == 422
    assert "line 1" in answer.content.decode()
    assert not Draft.objects.filter(title="From LiteLLM").exists()


def test_report_page__of_another_draft__leads_to_the_draft(
    client: Client, release: Release, author: User, workflow: Workflow, calling: CallerOf
) -> None:
    made = calling(author).post(f"{PATH}/drafts/", {"title": "Next"}).json()
    client.force_login(author)
    answer = client.get(f"/w/support-assistant/drafts/{made['id']}/imported/")
    assert answer["Location"].endswith(f"/drafts/{made['id']}/router_policy/")


def test_command__writes_the_configuration_and_tells_the_report_beside_it(
    release: Release, tmp_path: Path
) -> None:
    out, err = StringIO(), StringIO()
    arguments = ["export-for", "portkey", "support-assistant", "--environment", "staging"]
    call_command("policy", *arguments, stdout=out, stderr=err)
    assert json.loads(out.getvalue())["strategy"]["mode"] == "conditional"
    assert "needs the caller" in err.getvalue()
    file = tmp_path / "portkey.json"
    call_command("policy", *arguments, "--output", str(file), stdout=StringIO(), stderr=err)
    assert file.read_text() == out.getvalue()


def test_command__reads_a_configuration_into_a_draft(
    release: Release, author: User, viewer: User, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    out = StringIO()
    arguments = ["import-from", "litellm", str(file), "--workflow", "support-assistant", "--as"]
    call_command("policy", *arguments, author.username, stdout=out)
    assert "The catalogue lacks acme/newcomer." in out.getvalue()
    assert Draft.objects.get(title="Import of config.yaml").get_absolute_url() in out.getvalue()
    with pytest.raises(CommandError) as refused:
        call_command("policy", *arguments, viewer.username, stdout=out)
    assert refused.value.returncode == 3
    file.write_text("model_list: 1")
    with pytest.raises(CommandError, match="line 1") as wrong:
        call_command("policy", *arguments, author.username, stdout=out)
    assert wrong.value.returncode == 1
