"""The rehearsal of docs/keys.md: the active key is stolen, with control over the address."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import Settings

from policies.client import PolicyClient
from policies.delivery.signing.jws import detached
from policies.delivery.signing.signers import Signer, new_key_file, signer_of
from policies.engine import canonical_bytes
from policies.models import Environment, Release
from policies.services.routers.tokens import issue_router_token
from tests.client.fake_console import FakeConsole, running_console
from tests.policies.steps import documents, published
from tests.services.live_console import LiveConsole

pytestmark = pytest.mark.django_db(transaction=True)


def keys(*arguments: str) -> None:
    call_command("keys", *arguments, stdout=io.StringIO())


@pytest.fixture
def vault(settings: Settings, tmp_path: Path) -> Path:
    """Where the standby's private half is kept; the console's data folder is the thief's."""
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "vault.pem"


@pytest.fixture
def thief() -> Iterator[FakeConsole]:
    """Serves at the routers' address what the thief likes."""
    with running_console() as console:
        yield console


@pytest.fixture
def routers(
    staging: Environment, operator: User, tmp_path: Path, said: list[str]
) -> Callable[[str], PolicyClient]:
    """A router on one state folder, whose address leads to the console or to somebody else."""
    _, token = issue_router_token(staging, "router", acting_user=operator)

    def make(url: str) -> PolicyClient:
        # One address to the router: keys are asked for where policy is.
        (tmp_path / "state").mkdir(exist_ok=True)
        kept = tmp_path / "state" / "keys.json"
        client = PolicyClient(url, token, tmp_path / "state", say=said.append)
        if kept.exists():
            stored = json.loads(kept.read_text())
            stored["origin"] = f"{url}/.well-known/jwks.json"
            kept.write_text(json.dumps(stored))
            client = PolicyClient(url, token, tmp_path / "state", say=said.append)
        return client

    return make


def polled_until(router: PolicyClient, number: int) -> None:
    """Poll until the release of this number is in force; the console tells within a second."""
    deadline = time.monotonic() + 20
    while router.release is None or router.release.number != number:
        assert time.monotonic() < deadline, router.health.last_error
        router.poll_once()
        time.sleep(0.05)


def forged(release: Release, number: int, signer: Signer) -> tuple[bytes, str]:
    document = json.loads(release.body)
    document["release"]["number"] = number
    body = canonical_bytes(document)
    return body, detached(signer, body)


def serve(thief: FakeConsole, body: bytes, signature: str, jwks: object) -> None:
    def answer(asked: object) -> tuple[int, dict[str, str], bytes]:
        if getattr(asked, "path", "").endswith("jwks.json"):
            return 200, {}, json.dumps(jwks).encode()
        return 200, {"ETag": '"thief"', "Policy-Signature": signature}, body

    thief.answer = answer  # type: ignore[method-assign]


def entry(signer: Signer, sequence: int, by: Signer) -> dict[str, object]:
    said: dict[str, object] = {
        "created_at": "2026-01-01T00:00:00Z",
        "kid": signer.kid,
        "sequence": sequence,
        "x": signer.public_jwk["x"],
    }
    endorsement = detached(by, canonical_bytes(said), "routing-console-key")
    return {"kty": "OKP", "crv": "Ed25519", **said, "endorsements": [endorsement]}


def test_rehearsal__key_and_address_stolen__standby_takes_over_and_the_forgery_is_forgotten(
    vault: Path,
    routers: Callable[[str], PolicyClient],
    live_console: LiveConsole,
    thief: FakeConsole,
    staging: Environment,
    author: User,
    owner: User,
    said: list[str],
    tmp_path: Path,
    settings: Settings,
) -> None:
    release = published(staging, author, [owner], owner)
    keys("prepare", "--to", str(vault))
    router = routers(live_console.url)
    polled_until(router, 1)

    # The data folder is copied; the address leads to the thief.
    shutil.copy(Path(settings.DATA_DIR) / "signing-key.pem", tmp_path / "stolen.pem")
    stolen = signer_of(tmp_path / "stolen.pem")
    own = new_key_file(tmp_path / "thief.pem")
    for sequence in (2, 3, 1000):  # keys of his own, endorsed by the stolen one, at any place
        theirs = {"keys": [entry(stolen, 1, stolen), entry(own, sequence, stolen)]}
        serve(thief, *forged(release, 999, own), theirs)
        router = routers(thief.url)
        assert not router.poll_once()
        assert "no key trusted here endorses" in router.health.last_error
    # What is signed with the stolen key itself is believed: that cannot be told from the console's.
    serve(thief, *forged(release, 999, stolen), theirs)
    assert router.poll_once() and router.release is not None and router.release.number == 999

    # The console's people have the address back. The standby takes over, from the vault.
    keys("rotate", "--from", str(vault), "--to", str(tmp_path / "vault-2.pem"))
    keys("revoke", "1", "--reason", "Stolen with the data folder.")
    router = routers(live_console.url)
    polled_until(router, 1)
    assert f"Key {stolen.kid} is revoked as compromised." in said
    second = published(staging, author, [owner], owner, documents(share=10))
    polled_until(router, second.number)

    # The thief is at the address again, with the set of before: it unrevokes nothing.
    serve(thief, *forged(release, 1000, stolen), theirs)
    router = routers(thief.url)
    assert not router.poll_once()
    assert "was revoked on" in router.health.last_error
    assert router.release is not None and router.release.number == 2
