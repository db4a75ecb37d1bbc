"""Which keys a router trusts, and how that changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.client import ClientError
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole, Key

JWKS = "/.well-known/jwks.json"


def test_keys__pinned_on_first_use__are_not_asked_for_again(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    console.publish(2)
    client.poll_once()
    console.publish(3)
    router().poll_once()
    assert len(console.asked_for(JWKS)) == 1


def test_keys__new_key_published__is_fetched_and_believed(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    console.publish(2, key=Key())
    assert client.poll_once()
    assert client.release is not None and client.release.number == 2
    assert router().release is not None  # the new key is pinned too


def test_keys__new_key_not_published__is_refused(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    client.poll_once()
    console.publish(2, key=Key())
    console.published_keys.pop()
    assert not client.poll_once()
    assert "does not publish" in said[-1]


def test_keys__key_withdrawn_after_a_rotation__is_no_longer_trusted(
    console: FakeConsole, router: Router
) -> None:
    stolen = console.key
    client = router()
    client.poll_once()
    console.publish(2, key=Key())
    console.published_keys = console.published_keys[1:]
    client.poll_once()
    console.publish(3, key=stolen)
    console.published_keys = console.published_keys[:1]
    assert not client.poll_once()


def test_keys__key_set_unreachable__keeps_the_release(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router(jwks_url=console.url + "/api/v1/outcomes")
    assert not client.poll_once()
    assert "holds no Ed25519 key" in said[-1]


def test_trusted_keys__file__is_believed_and_the_network_never_asked(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(json.dumps({"keys": [console.key.jwk]}))
    assert router(trusted_keys=file).poll_once()
    assert console.asked_for(JWKS) == []


def test_trusted_keys__another_key__is_refused_even_when_published(
    console: FakeConsole, router: Router, tmp_path: Path, said: list[str]
) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(json.dumps(Key().jwk))
    assert not router(trusted_keys=file).poll_once()
    assert "does not hold" in said[-1]
    assert console.asked_for(JWKS) == []


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', "[]"])
def test_trusted_keys__file_without_a_key__is_refused_at_once(
    router: Router, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(content)
    with pytest.raises(ClientError, match=r"trusted\.json"):
        router(trusted_keys=file)


def test_trusted_keys__file_absent__is_refused_at_once(router: Router, tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot be read"):
        router(trusted_keys=tmp_path / "absent.json")
