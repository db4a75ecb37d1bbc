"""The OpenAPI document: valid, without a warning, complete enough to write a client from."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from evaluations.api.batches import BatchTooLarge
from policies.engine.errors import DocumentError
from policies.fleet.report import read_report
from routing_console.delivery import direct
from tests.policies.fleet.reports import body

OPEN = {"component_schema", "fetch_signing_keys"}
# Answered by the delivery plane, which says itself what else can come of each.
OF_THE_PLANE = {"fetch_policy", "fetch_signing_keys", "report_status"}
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
        told = {code for code in operation["responses"] if code >= "400"}
        usual = {"400"} if operation["operationId"] in OPEN else {"400", "401"}
        assert usual <= told or operation["operationId"] in OF_THE_PLANE
        for code in told:
            content = operation["responses"][code]["content"]
            assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_operations__open_to_all__are_these_and_ask_for_no_token(document: dict[str, Any]) -> None:
    found = [found for found in operations(document) if {} in found["security"]]
    assert {operation["operationId"] for operation in found} == OPEN
    assert not [operation for operation in found if {"401", "403"} & set(operation["responses"])]


def test_bearer_token__is_a_security_scheme(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["personalToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_operations__of_the_plane__are_all_that_it_answers(document: dict[str, Any]) -> None:
    found = {
        path: operation["operationId"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if operation["operationId"] in OF_THE_PLANE
    }
    assert found.keys() == direct().applications.keys()
    assert set(found.values()) == OF_THE_PLANE


def test_status_report__with_every_member__is_read_as_the_document_says(
    document: dict[str, Any],
) -> None:
    shape = document["components"]["schemas"]["StatusReport"]
    raw = json.loads(body(errors=[{"kind": "poll", "message": "m", "at": "2026-03-01T12:00:00Z"}]))
    assert set(raw) <= set(shape["properties"])
    for name in shape["properties"]:
        short = {key: value for key, value in raw.items() if key != name}
        if name in shape["required"]:
            with pytest.raises(DocumentError, match=f"/{name}"):
                read_report(json.dumps(short).encode())
        else:
            read_report(json.dumps(short).encode())
    with pytest.raises(DocumentError, match="/more"):
        read_report(json.dumps(raw | {"more": 1}).encode())


def test_bodies__take_no_other_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["JudgementRequest"]["additionalProperties"] is False


def test_operations__that_answer_200__say_with_what(document: dict[str, Any]) -> None:
    silent = [
        operation["operationId"]
        for operation in operations(document)
        for code, answer in operation["responses"].items()
        if code in ("200", "201") and not answer.get("content")
    ]
    assert silent == []


@pytest.mark.parametrize("path", ["/api/v1/outcomes", "/api/v1/feedback"])
def test_batch__that_is_too_large__is_described_by_what_its_answer_says(
    document: dict[str, Any], path: str
) -> None:
    told = document["paths"][path]["post"]["responses"]["413"]["description"]
    assert told == BatchTooLarge.default_detail
