"""Tokens of people and of routers: issued once in plain, then known only by their hash."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from policies.models import Environment, PersonalToken
from tests.api.conftest import Caller, pointers

CallerOf = Callable[[User], Caller]
TOKENS = "/workflows/support-assistant/environments/staging/router-tokens/"


def me(token: str) -> int:
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    return int(client.get("/api/v1/me/").status_code)


def test_personal_token__issued_and_revoked__works_until_then(
    author: User, calling: CallerOf
) -> None:
    caller = calling(author)
    issued = caller.post("/me/tokens/", {"name": "pipeline"})
    assert issued.status_code == 201
    token = issued.json()["token"]
    assert me(token) == 200
    assert "token" not in caller.get("/me/tokens/").json()["results"][0]
    assert caller.delete(f"/me/tokens/{issued.json()['id']}/").json()["revoked_at"]
    assert me(token) == 401


def test_personal_token__of_somebody_else__is_not_found(
    author: User, reviewer: User, calling: CallerOf
) -> None:
    calling(author)
    token = PersonalToken.objects.get(user=author)
    assert calling(reviewer).delete(f"/me/tokens/{token.pk}/").status_code == 404


def test_personal_token__inactive_person__is_refused(author: User, calling: CallerOf) -> None:
    caller = calling(author)
    author.is_active = False
    author.save(update_fields=["is_active"])
    assert caller.get("/me/").status_code == 401


@pytest.mark.parametrize("token", ["rcp_wrong", "", "rcr_" + "x" * 43, "ü", "a b"])
def test_personal_token__unknown_text__is_refused(db: None, token: str) -> None:
    assert me(token.encode().decode("latin-1")) == 401


def test_personal_token__expiry_in_the_past__points_at_it(author: User, calling: CallerOf) -> None:
    body = {"name": "late", "expires_at": "2020-01-01T00:00:00Z"}
    answer = calling(author).post("/me/tokens/", body)
    assert (answer.status_code, pointers(answer)) == (422, ["/expires_at"])


def test_router_token__rotated__successor_is_shown_once(
    staging: Environment, operator: User, calling: CallerOf
) -> None:
    caller = calling(operator)
    issued = caller.post(TOKENS, {"name": "eu-west"}).json()
    rotated = caller.post(f"{TOKENS}{issued['id']}/rotate/", {"overlap_hours": 1})
    assert rotated.status_code == 201
    assert rotated.json()["token"] not in ("", issued["token"])
    assert caller.delete(f"{TOKENS}{issued['id']}/").json()["is_usable"] is False
    listed = caller.get(TOKENS).json()["results"]
    assert [row["is_usable"] for row in listed] == [True, False]


def test_router_token__by_author__is_refused(
    staging: Environment, author: User, calling: CallerOf
) -> None:
    assert calling(author).post(TOKENS, {"name": "mine"}).status_code == 403


def test_session__write_without_csrf_token__is_refused(author: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(author)
    assert client.get("/api/v1/me/").status_code == 200
    assert client.post("/api/v1/me/tokens/", {"name": "forged"}).status_code == 403


def test_router_token__scopes__are_asked_for_and_told(
    staging: Environment, operator: User, calling: CallerOf
) -> None:
    caller = calling(operator)
    assert caller.post(TOKENS, {"name": "a", "scopes": ["report"]}).json()["scopes"] == ["report"]
    assert caller.post(TOKENS, {"name": "b"}).json()["scopes"] == ["read", "report"]
    for wrong in ([], ["write"], "read"):
        answer = caller.post(TOKENS, {"name": "c", "scopes": wrong})
        assert answer.status_code == 400 and pointers(answer)[0].startswith("/scopes")
