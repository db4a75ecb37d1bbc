"""JSON Schemas of the documents: for whoever asks, and cheap to ask for again."""

from __future__ import annotations

import jsonschema_rs
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from policies.engine import COMPONENTS

ADDRESS = "/api/v1/schemas/router_policy.json"


@pytest.mark.parametrize("kind", COMPONENTS)
def test_schema__without_a_token__is_a_sound_one_of_this_address(kind: str) -> None:
    address = f"/api/v1/schemas/{kind}.json"
    answer = Client().get(address)
    schema = answer.json()
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == address
    jsonschema_rs.meta.validate(schema)


def test_schema__known_already__is_not_sent_again() -> None:
    tag = Client().get(ADDRESS).headers["ETag"]
    answer = Client().get(ADDRESS, headers={"If-None-Match": f'"other", {tag}'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert Client().get(ADDRESS, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("wanted", ["application/schema+json", "application/json", "text/html"])
def test_schema__whatever_is_accepted__is_sent(wanted: str) -> None:
    answer = Client().get(ADDRESS, headers={"Accept": wanted})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/schema+json")


@pytest.mark.parametrize("name", ["workflow", "Router_policy", "router policy"])
def test_schema__of_another_name__is_a_problem(name: str) -> None:
    answer = Client().get(f"/api/v1/schemas/{name}.json")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_schema__written_to__is_a_problem(method: str) -> None:
    answer = Client().generic(method.upper(), ADDRESS)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_schema__asked_for__costs_no_query_and_is_the_same_for_all(
    client: Client, author: User
) -> None:
    client.force_login(author)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(ADDRESS)
    assert (answer.content, len(asked)) == (Client().get(ADDRESS).content, 0)
    assert "Vary" not in answer.headers
