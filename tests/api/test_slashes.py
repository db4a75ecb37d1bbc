"""Addresses without their slash."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_rest_address__without_its_slash__keeps_method_and_body(
    client: Client, method: str
) -> None:
    answer = getattr(client, method)("/api/v1/workflows?page=2", content_type="application/json")
    assert answer.status_code == 308
    assert answer["Location"] == "/api/v1/workflows/?page=2"
    assert answer["Content-Type"] == "application/problem+json"
    assert "ends with a slash" in answer.json()["detail"]


def test_page__without_its_slash__moves_as_ever(client: Client) -> None:
    answer = client.get("/w/support-assistant/releases")
    assert (answer.status_code, answer["Location"]) == (301, "/w/support-assistant/releases/")


def test_rest_address__that_is_none__is_a_problem_document(client: Client) -> None:
    answer = client.post("/api/v1/nowhere", content_type="application/json")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
