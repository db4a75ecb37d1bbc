"""The OpenAPI document: valid, without a warning, complete enough to write a client from."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

OPEN = {"component_schema"}
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Fails on the first warning of the generator."""
    path: Path = tmp_path_factory.mktemp("openapi") / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(path))
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]


def test_operations__names__are_unique_and_readable(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    assert {"approve_change", "publish_change", "roll_back", "save_contract"} <= set(names)


def test_operations__summaries__are_there(document: dict[str, Any]) -> None:
    silent = [found["operationId"] for found in operations(document) if not found.get("summary")]
    assert silent == []


def test_operations__errors__are_problem_documents(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for code in {"400"} if operation["operationId"] in OPEN else {"400", "401"}:
            content = operation["responses"][code]["content"]
            assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_operations__open_to_all__are_these_and_ask_for_no_token(document: dict[str, Any]) -> None:
    found = [found for found in operations(document) if {} in found["security"]]
    assert {operation["operationId"] for operation in found} == OPEN
    assert not [operation for operation in found if {"401", "403"} & set(operation["responses"])]


def test_bearer_token__is_a_security_scheme(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["personalToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_bodies__take_no_other_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["JudgementRequest"]["additionalProperties"] is False


def test_schema_address__answers_without_a_token() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content


def test_operations__that_answer_200__say_with_what(document: dict[str, Any]) -> None:
    silent = [
        operation["operationId"]
        for operation in operations(document)
        for code, answer in operation["responses"].items()
        if code in ("200", "201") and not answer.get("content")
    ]
    assert silent == []
