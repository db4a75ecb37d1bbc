"""Callers with tokens of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from policies.services.people.tokens import issue_personal_token

BASE = "/api/v1"


class Answer(Protocol):
    """What a test reads of a response."""

    status_code: int
    headers: Any

    def json(self) -> Any: ...


class Caller:
    """A person with a token, calling addresses below /api/v1/."""

    def __init__(self, user: User) -> None:
        self.user = user
        _, plain = issue_personal_token(user, "test", acting_user=user)
        self.client = APIClient(headers={"Authorization": f"Bearer {plain}"})

    def get(self, path: str, **query: Any) -> Answer:
        return self.client.get(BASE + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Where something was made, it is at the address that the answer tells."""
        answer: Answer = self.client.post(BASE + path, body, headers=headers)
        if answer.status_code == 201:
            made = self.client.get(answer.headers["Location"])
            assert made.status_code in (200, 405)  # what only can be removed is not shown alone
        return answer

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.client.put(BASE + path, body, headers=headers)

    def patch(self, path: str, body: Any = None) -> Answer:
        return self.client.patch(BASE + path, body)

    def delete(self, path: str) -> Answer:
        return self.client.delete(BASE + path)


@pytest.fixture
def calling() -> Callable[[User], Caller]:
    """`calling(author)` is the author with a fresh token."""
    return Caller


def codes(answer: Answer) -> list[str]:
    """Codes of the obstacles that a refusal names."""
    return [reason["code"] for reason in answer.json().get("reasons", [])]


def pointers(answer: Answer) -> list[str]:
    return [error["pointer"] for error in answer.json().get("errors", [])]
