"""A release is sealed into bytes that anyone can check with the published keys."""

from __future__ import annotations

import base64
import datetime
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from joserfc.jwk import OKPKey
from pytest_django import Settings

from policies.client.keys import encoded, parse_signature, thumbprint
from policies.client.keyset import parse_key_set
from policies.delivery import signing
from policies.delivery.body import etag, release_body
from policies.delivery.sealing import SealedRelease, seal_release
from policies.delivery.signing.jws import detached
from policies.delivery.signing.signers import configured_signer, new_key_file, pem_signer
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
    assert signing.verify(body, release.signature, signing.published_keys())
    assert not signing.verify(body + b" ", release.signature, signing.published_keys())
    header, payload, _ = release.signature.split(".")
    assert payload == ""
    protected = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert protected == {"alg": "EdDSA", "kid": SigningKey.objects.get().kid}


def test_signature__of_a_large_bundle__holds_too() -> None:
    release = sealed(bundle={"schema": 1, "rules": ["x" * 1000] * 1000})
    assert signing.verify(release.body.encode(), release.signature, signing.published_keys())


def test_signature__read_by_the_routers_client__holds() -> None:
    release = sealed()
    keys = parse_key_set(json.dumps(signing.published_keys()).encode(), "jwks").keys
    signature = parse_signature(release.signature)
    assert signature.holds(release.body.encode(), keys[signature.kid].x)
    assert not signature.holds(release.body.encode()[1:], keys[signature.kid].x)


@pytest.mark.parametrize("signature", ["", "..", "a..b", "a.b.c", "é..é", "e30..AA"])
def test_verify__what_is_no_signature__does_not_hold(signature: str) -> None:
    assert not signing.verify(b"body", signature, signing.published_keys())


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
    new_key_file(file)
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


def test_key__other_than_the_published_one__signs_nothing_and_is_told(settings: Settings) -> None:
    settings.SIGNING_KEY_PEM = pem()
    sealed()
    settings.SIGNING_KEY_PEM = pem()
    with pytest.raises(signing.SigningUnavailable, match="keys prepare"):
        sealed()
    assert SigningKey.objects.count() == 1


def test_key_file__lost_while_routers_know_it__is_told_and_no_second_one_made(
    data_dir: Path,
) -> None:
    sealed()
    (data_dir / "signing-key.pem").unlink()
    with pytest.raises(signing.SigningUnavailable, match="Restore the file from a backup"):
        sealed()
    assert list(data_dir.iterdir()) == []
    assert len(signing.published_keys()["keys"]) == 1  # what is published needs no private key


def test_key__first_one__endorses_itself_and_says_its_place() -> None:
    sealed()
    (entry,) = signing.published_keys()["keys"]
    said = {name: entry[name] for name in ("created_at", "kid", "sequence", "x")}
    (endorsement,) = entry["endorsements"]
    assert said["sequence"] == 1
    assert signing.verify(canonical_bytes(said), endorsement, signing.published_keys())
    header = json.loads(base64.urlsafe_b64decode(endorsement.split(".")[0] + "=="))
    assert header["typ"] == "routing-console-key"


def test_key__published_before_there_were_chains__endorses_itself_when_it_signs_next(
    settings: Settings,
) -> None:
    settings.SIGNING_KEY_PEM = pem()
    sealed()
    SigningKey.objects.update(endorsements=[])
    sealed()
    assert len(SigningKey.objects.get().endorsements) == 1


class WrongSigner:
    """A service that signs something else than it was given."""

    def __init__(self, signer: signing.Signer) -> None:
        self.kid, self.public_jwk, self._signer = signer.kid, signer.public_jwk, signer

    def sign(self, message: bytes) -> bytes:
        return self._signer.sign(message[:-1])


def test_signer__whose_signature_does_not_verify__is_not_believed(settings: Settings) -> None:
    signer = WrongSigner(pem_signer(pem(), "here"))
    with pytest.raises(signing.SigningUnavailable, match="does not verify"):
        detached(signer, b"body")


KEY_PROCESS = """
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.generate()
print(key.public_key().public_bytes_raw().hex(), flush=True)
for line in sys.stdin:
    print(key.sign(bytes.fromhex(line)).hex(), flush=True)
"""


class ElsewhereSigner:
    """A key in another process, which is asked for each signature through a pipe."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KEY_PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        public = bytes.fromhex(self._answer())
        self.kid = thumbprint(public)
        self.public_jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(public)}

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def sign(self, message: bytes) -> bytes:
        assert self.process.stdin is not None
        self.process.stdin.write(message.hex() + "\n")
        self.process.stdin.flush()
        return bytes.fromhex(self._answer())


def test_signer__named_by_its_path__signs_from_wherever_it_is(
    settings: Settings, data_dir: Path
) -> None:
    settings.SIGNER = "tests.delivery.test_sealing.ElsewhereSigner"
    release = sealed()
    assert signing.verify(release.body.encode(), release.signature, signing.published_keys())
    assert not data_dir.exists()
    signer = configured_signer()
    assert isinstance(signer, ElsewhereSigner)
    signer.process.communicate()


def test_signer__path_that_leads_nowhere__is_told(settings: Settings) -> None:
    settings.SIGNER = "nowhere.at_all"
    with pytest.raises(signing.SigningUnavailable, match="ROUTING_CONSOLE_SIGNER names nowhere"):
        sealed()


def test_jwks__as_published__holds_no_secret() -> None:
    sealed()
    (key,) = signing.published_keys()["keys"]
    public = ["alg", "created_at", "crv", "endorsements", "kid", "kty", "sequence", "use", "x"]
    assert sorted(key) == public
