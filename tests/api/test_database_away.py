"""What people and programs are told while the database does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from policies.services.people.tokens import issue_personal_token


def away(*_: Any) -> None:
    raise OperationalError("connection refused")


def broken(*_: Any) -> None:
    raise RuntimeError("a fault")


@pytest.fixture
def patient() -> Client:
    """Shows what is answered where other clients raise."""
    return Client(raise_request_exception=False)


def test_page__database_away__says_so_and_when_to_try_again(patient: Client, author: User) -> None:
    patient.force_login(author)
    with connection.execute_wrapper(away):
        answer = patient.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database does not answer" in answer.content.decode()


def test_rest__database_away__is_a_problem_document(patient: Client, author: User) -> None:
    _, token = issue_personal_token(author, "mine", acting_user=author)
    with connection.execute_wrapper(away):
        answer = patient.get("/api/v1/workflows/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert "does not answer" in answer.json()["detail"]


def test_page__fault_of_ours__stays_a_500(patient: Client, author: User) -> None:
    patient.force_login(author)
    with connection.execute_wrapper(broken):
        answer = patient.get("/")
    assert answer.status_code == 500
    assert "Something broke here" in answer.content.decode()
