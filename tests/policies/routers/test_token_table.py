"""Settings with router tokens: each told from the others, its reports, and what forms say."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import Environment, Release
from policies.services.routers.tokens import issue_router_token, rotate_router_token
from tests.policies.routers.fleet_cast import SECOND, Routers

ADDRESS = "/w/support-assistant/settings/"


@pytest.fixture
def signed_in(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_form__beside_the_others_of_the_page__has_its_own_labels(
    signed_in: Client, staging: Environment
) -> None:
    text = signed_in.get(ADDRESS).content.decode()
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert sorted(one for one in set(ids) if ids.count(one) > 1) == []


@pytest.mark.parametrize("act", ["tokens/issue/", "freezes/add/", "members/add/"])
def test_form__sent_empty__comes_back_with_its_errors_where_the_page_goes_to_them(
    client: Client, staging: Environment, administrator: User, act: str
) -> None:
    client.force_login(administrator)
    answer = client.post(ADDRESS + act, {})
    assert answer.status_code == 422
    assert answer.content.decode().count('id="error-summary"') == 1


def test_table__a_token_and_its_successor__are_told_apart_where_one_is_revoked(
    signed_in: Client, staging: Environment, owner: User
) -> None:
    token, _ = issue_router_token(staging, "eu", acting_user=owner)
    successor, _ = rotate_router_token(token, acting_user=owner)
    text = signed_in.get(ADDRESS).content.decode()
    for one in (token, successor):
        for act in ("Rotate", "Revoke"):
            assert f'{act}<span class="visually-hidden"> eu, {one.hint}…</span>' in text
        assert f'data-confirm="Revoke eu, {one.hint}…?' in text
        assert f"reported with eu, {one.hint}…?" in text


def test_table__says_what_was_reported_and_no_noughts(
    signed_in: Client, staging: Environment, owner: User, release: Release
) -> None:
    token, _ = issue_router_token(staging, "eu", acting_user=owner)
    assert '<span class="muted">nothing</span>' in signed_in.get(ADDRESS).content.decode()
    Routers(token, release.published_at + SECOND).say("eu-1", release)
    text = signed_in.get(ADDRESS).content.decode()
    assert "<div>1 router</div>" in text and "0 outcomes" not in text
