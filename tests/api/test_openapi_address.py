"""The OpenAPI document is built once in a process, however many ask for it, and how."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from policies.api.views import openapi

ADDRESS = "/api/v1/schema/"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One item for each time that the document is built, in what passes for a new process."""
    openapi._document.cache_clear()
    openapi._written.cache_clear()
    times: list[bool] = []
    build = SchemaGenerator.get_schema

    def noted(self: SchemaGenerator, *args: Any, **kwargs: Any) -> Any:
        times.append(True)
        return build(self, *args, **kwargs)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(SchemaGenerator, "get_schema", noted)
    return times


def _fetch(address: str = ADDRESS) -> Any:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer


def test_document__asked_for_by_many_at_once__is_built_once(built: list[bool]) -> None:
    with ThreadPoolExecutor(8) as threads:
        bodies = {answer.content for answer in threads.map(_fetch, [ADDRESS] * 8)}
    assert len(bodies) == 1
    assert built == [True]


def test_document__in_each_representation_and_with_any_query__is_built_once(
    built: list[bool],
) -> None:
    as_yaml = _fetch()
    as_json = _fetch(f"{ADDRESS}?format=json&lang=de&version=7")
    assert yaml.safe_load(as_yaml.content) == json.loads(as_json.content)
    assert built == [True]
    assert as_yaml["Content-Type"].startswith("application/vnd.oai.openapi;")
    assert as_json["Content-Type"].startswith("application/vnd.oai.openapi+json;")
    assert as_yaml["Vary"] == "Accept"
    assert as_yaml["ETag"] != as_json["ETag"]


def test_document__is_what_the_command_writes(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular")
    assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(_fetch().content)


def test_document__that_the_caller_has__is_304() -> None:
    tag = _fetch()["ETag"]
    again = Client().get(ADDRESS, HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert "max-age" in again["Cache-Control"]


def test_document__with_a_token_that_is_none__is_open_all_the_same() -> None:
    answer = Client().get(ADDRESS, HTTP_AUTHORIZATION="Bearer rcp_none")
    assert answer.status_code == 200
