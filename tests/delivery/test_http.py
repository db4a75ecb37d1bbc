"""Delivery through Django: no session, no cookie, the exact bytes."""

from __future__ import annotations

import gzip
import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.delivery import signing
from policies.models import Release

pytestmark = pytest.mark.django_db

POLICY = "/api/v1/policy"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_policy__with_a_token__is_the_signed_release(
    client: Client, token: str, release: Release
) -> None:
    response = client.get(POLICY, headers=bearer(token))
    assert response.status_code == 200
    assert response.content.decode() == release.body
    assert response["ETag"] == release.etag
    assert signing.verify(response.content, response["Policy-Signature"], signing.jwks())
    assert response["Cache-Control"] == "private, no-cache"
    assert not response.cookies and "Cookie" not in response["Vary"]


def test_policy__packed__unpacks_to_what_was_signed(
    client: Client, token: str, release: Release
) -> None:
    response = client.get(POLICY, headers={**bearer(token), "Accept-Encoding": "gzip"})
    body = gzip.decompress(response.content)
    assert signing.verify(body, response["Policy-Signature"], signing.jwks())


def test_policy__unchanged__is_304_without_content_type(
    client: Client, token: str, release: Release
) -> None:
    response = client.get(POLICY, headers={**bearer(token), "If-None-Match": release.etag})
    assert (response.status_code, response.content) == (304, b"")
    assert "Content-Type" not in response


def test_policy__session_of_a_signed_in_person__opens_nothing(
    client: Client, owner: User, release: Release
) -> None:
    client.force_login(owner)
    response = client.get(POLICY)
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


def test_policy__post__is_405_and_not_a_csrf_page(token: str, release: Release) -> None:
    response = Client(enforce_csrf_checks=True).post(POLICY, headers=bearer(token))
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_jwks__is_public_and_verifies_the_release(client: Client, release: Release) -> None:
    response = client.get("/.well-known/jwks.json")
    assert response["Content-Type"] == "application/jwk-set+json"
    keys = json.loads(response.content)
    assert signing.verify(release.body.encode(), release.signature, keys)
    assert all("d" not in key for key in keys["keys"])
