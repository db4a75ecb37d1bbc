"""A release is sealed into bytes that anyone can check with the published keys."""

from __future__ import annotations

import base64
import datetime
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from joserfc.jwk import OKPKey
from pytest_django import Settings

from policies.client.keys import parse_jwks, parse_signature
from policies.delivery import signing
from policies.delivery.body import etag, release_body
from policies.delivery.sealing import SealedRelease, seal_release
from policies.engine import canonical_bytes, digest
from policies.models import SigningKey

PUBLISHED = datetime.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC)
NOT_AFTER = datetime.datetime(2027, 3, 1, 12, 0, 0, 999999, tzinfo=datetime.UTC)
BUNDLE = {"schema": 1, "b": [1.0, "é"], "a": {}}


def fields(**changes: Any) -> dict[str, Any]:
    release = {
        "workflow_slug": "support-assistant",
        "environment_name": "production",
        "number": 7,
        "digest": digest(BUNDLE),
        "published_at": PUBLISHED,
        "not_after": NOT_AFTER,
        "approved_by": ["owner", "reviewer"],
        "when_stale": "refuse",
        "bundle": BUNDLE,
    }
    return {**release, **changes}


def sealed(**changes: Any) -> SealedRelease:
    return seal_release(**fields(**changes))


def pem() -> str:
    return OKPKey.generate_key("Ed25519").as_pem(private=True).decode()


@pytest.fixture(autouse=True)
def data_dir(db: None, settings: Settings, tmp_path: Path) -> Path:
    """A data folder without a key yet."""
    settings.DATA_DIR = tmp_path / "data"
    settings.SIGNING_KEY_PEM = ""
    return tmp_path / "data"


def test_body__as_text__is_canonical_and_says_everything() -> None:
    text = release_body(**fields())
    document = json.loads(text)
    assert canonical_bytes(document).decode() == text
    assert document == {
        "schema": 1,
        "workflow": "support-assistant",
        "environment": "production",
        "release": {
            "number": 7,
            "digest": digest(BUNDLE),
            "published_at": "2026-03-01T12:00:00.123456Z",
            "not_after": "2027-03-01T12:00:00Z",
            "approved_by": ["owner", "reviewer"],
            "when_stale": "refuse",
        },
        "bundle": BUNDLE,
        "rollout": None,
    }


def test_etag__holds_digest_number_and_end__in_its_quotes() -> None:
    tag = etag(digest="sha256:" + "ab" * 32, number=7, not_after=NOT_AFTER)
    assert tag == f'"{"ab" * 32}.7.{int(NOT_AFTER.timestamp())}"'


def test_etag__fraction_of_a_second__changes_neither_tag_nor_body() -> None:
    assert sealed() == sealed(not_after=NOT_AFTER.replace(microsecond=0))


def test_signature__detached__holds_over_the_exact_bytes_only() -> None:
    release = sealed()
    body = release.body.encode()
    assert signing.verify(body, release.signature, signing.jwks())
    assert not signing.verify(body + b" ", release.signature, signing.jwks())
    header, payload, _ = release.signature.split(".")
    assert payload == ""
    protected = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert protected == {"alg": "EdDSA", "kid": SigningKey.objects.get().kid}


def test_signature__of_a_large_bundle__holds_too() -> None:
    release = sealed(bundle={"schema": 1, "rules": ["x" * 1000] * 1000})
    assert signing.verify(release.body.encode(), release.signature, signing.jwks())


def test_signature__read_by_the_routers_client__holds() -> None:
    release = sealed()
    keys = parse_jwks(json.dumps(signing.jwks()).encode(), "jwks")
    signature = parse_signature(release.signature)
    assert signature.holds(release.body.encode(), keys[signature.kid])
    assert not signature.holds(release.body.encode()[1:], keys[signature.kid])


@pytest.mark.parametrize("signature", ["", "..", "a..b", "a.b.c", "é..é", "e30..AA"])
def test_verify__what_is_no_signature__does_not_hold(signature: str) -> None:
    assert not signing.verify(b"body", signature, signing.jwks())


def test_verify__unknown_key__does_not_hold() -> None:
    release = sealed()
    assert not signing.verify(release.body.encode(), release.signature, {"keys": []})


def test_key_file__first_use__is_made_for_its_owner_alone(data_dir: Path) -> None:
    sealed()
    (file,) = data_dir.iterdir()
    assert file.name == "signing-key.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_key_file__second_use__is_the_same_key() -> None:
    assert sealed().signature == sealed().signature
    assert SigningKey.objects.count() == 1


def test_key_file__made_by_another_process_meanwhile__wins(data_dir: Path) -> None:
    data_dir.mkdir()
    file = data_dir / "signing-key.pem"
    file.write_text(pem())
    before = file.read_text()
    signing._create_key_file(file)
    assert file.read_text() == before
    assert list(data_dir.iterdir()) == [file]


def test_key_from_environment__comes_before_the_file(settings: Settings, data_dir: Path) -> None:
    settings.SIGNING_KEY_PEM = pem()
    sealed()
    assert not data_dir.exists()


@pytest.mark.parametrize("text", ["nonsense", OKPKey.generate_key("X25519").as_pem().decode()])
def test_key_from_environment__not_a_signing_key__says_what_is_wanted(
    settings: Settings, text: str
) -> None:
    settings.SIGNING_KEY_PEM = text
    with pytest.raises(ImproperlyConfigured, match="ROUTING_CONSOLE_SIGNING_KEY must hold"):
        sealed()


def test_rotation__new_key__signs_from_now_on_and_the_old_one_still_verifies(
    settings: Settings,
) -> None:
    settings.SIGNING_KEY_PEM = pem()
    before = sealed()
    settings.SIGNING_KEY_PEM = pem()
    after = sealed()
    for release in (before, after):
        assert signing.verify(release.body.encode(), release.signature, signing.jwks())
    retired, current = SigningKey.objects.order_by("created_at")
    assert (retired.retired_at is not None, current.retired_at) == (True, None)


def test_rotation__back_to_the_first_key__publishes_each_once(settings: Settings) -> None:
    first, second = pem(), pem()
    for text in (first, second, first):
        settings.SIGNING_KEY_PEM = text
        sealed()
    assert SigningKey.objects.count() == 2
    assert SigningKey.objects.filter(retired_at=None).count() == 1


def test_jwks__before_any_release__holds_the_present_key_and_no_secret() -> None:
    (key,) = signing.jwks()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x"]
    assert not SigningKey.objects.exists()
