"""Writes `fixtures/`: signed releases and JWK Sets, the same bytes each time.

The keys are made of fixed numbers: they are no secret and sign nothing else.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.client.keys import thumbprint
from policies.engine import canonical_bytes, compose, digest
from tests.conformance.lasting import etag

FIXTURES = Path(__file__).parent / "fixtures"
# As little as a policy can be: what it decides is the vectors' business.
DOCUMENTS: dict[str, dict[str, Any]] = {
    "request_classification": {
        "schema": 1,
        "attributes": [],
        "classes": [{"key": "any", "label": "Any", "risk": "low"}],
        "rules": [],
        "default_class": "any",
    },
    "router_policy": {
        "schema": 1,
        "rules": [],
        "default": {"select": "ordered", "candidates": [{"model": "swift"}]},
    },
    "fallback_matrix": {"schema": 1, "rows": []},
    "quality_thresholds": {"schema": 1, "thresholds": []},
}
MODEL = {
    "provider": "acme",
    "label": "Swift",
    "context_window": 128_000,
    "regions": ["eu"],
    "capabilities": [],
    "status": "active",
    "input_usd_per_mtok": 1,
    "output_usd_per_mtok": 2,
}
CATALOGUE = {"providers": {"acme": {"label": "Acme"}}, "models": {"swift": MODEL}}
FOR_EVER, LONG_AGO = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
CREATED, REVOKED = "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"
KEY_TYP, REVOCATION_TYP = "routing-console-key", "routing-console-revocation"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key of a fixed number; `sequence` is its place among the console's keys."""

    def __init__(self, number: int, sequence: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public = self._private.public_key().public_bytes_raw()
        self.kid, self.x, self.sequence = thumbprint(public), encoded(public), sequence

    def sign(self, payload: bytes, **header: object) -> str:
        protected, signed = self._signed(payload, header)
        return f"{protected}..{encoded(self._private.sign(signed))}"

    def sign_as_hmac(self, payload: bytes) -> str:
        """With what everybody knows of the key as the secret of an HMAC."""
        protected, signed = self._signed(payload, {"alg": "HS256"})
        public = self._private.public_key().public_bytes_raw()
        return f"{protected}..{encoded(hmac.digest(public, signed, 'sha256'))}"

    def jwk(self, endorsed_by: Key, typs: tuple[str, ...] = (KEY_TYP,)) -> dict[str, Any]:
        """Its entry of a JWK Set, as docs/delivery.md has it; `typs` are those of the endorsements,
        "" for one without.
        """
        own = {"created_at": CREATED, "kid": self.kid, "sequence": self.sequence, "x": self.x}
        endorsements = [
            endorsed_by.sign(canonical_bytes(own), **({"typ": typ} if typ else {})) for typ in typs
        ]
        of_okp = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
        return {**of_okp, **own, "endorsements": endorsements}

    def revoked(
        self, by: Key, reason: str = "retired", typ: str = REVOCATION_TYP, **changes: int
    ) -> dict[str, Any]:
        """Its entry among the revoked ones; `changes` are of what it says of the key."""
        entry = {**self.jwk(FIRST), **changes}
        said = {"reason": reason, "revoked_at": REVOKED}
        statement = {**said, "kid": self.kid, "sequence": entry["sequence"]}
        signature = by.sign(canonical_bytes(statement), typ=typ)
        return {**entry, "revocation": {**said, "signature": signature}}

    def _signed(self, payload: bytes, header: Mapping[str, object]) -> tuple[str, bytes]:
        """The header, and the bytes that are signed."""
        protected = encoded(json.dumps({"alg": "EdDSA", "kid": self.kid, **header}).encode())
        return protected, f"{protected}.{encoded(payload)}".encode()


# A stranger's keys claim what places they like.
FIRST, SECOND, STRANGER, STRANGER_THIRD = Key(1, 1), Key(2, 2), Key(3, 2), Key(6, 3)
# Who has stolen the first key endorses these with it.
STOLEN_SECOND, STOLEN_THIRD = Key(4, 2), Key(5, 3)


def body(
    number: int,
    *,
    of: str = "support-assistant/production",
    document: Mapping[str, object] | None = None,
    **changes: str,
) -> bytes:
    """A release; `changes` are of its member `release`, `document` of the whole."""
    content = compose(DOCUMENTS, CATALOGUE)
    workflow, _, environment = of.partition("/")
    release = {
        "number": number,
        "digest": digest(content),
        "published_at": CREATED,
        "not_after": FOR_EVER,
        "approved_by": ["reviewer"],
        "when_stale": "serve_stale",
    }
    whole = {
        "schema": 1,
        "workflow": workflow,
        "environment": environment,
        "release": {**release, **changes},
        "bundle": content,
        "rollout": None,
    }
    return canonical_bytes({**whole, **(document or {})})


def releases() -> dict[str, dict[str, str]]:
    """Bodies, their signatures and entity tags by name."""
    two = body(2)
    signed = {
        "one": (body(1), FIRST),
        "one, refuse": (body(1, when_stale="refuse"), FIRST),
        "two": (two, FIRST),
        "three": (body(3), FIRST),
        "nine": (body(9), FIRST),
        "nine of staging": (body(9, of="support-assistant/staging"), FIRST),
        "two renewed": (body(2, not_after="2999-06-01T00:00:00Z"), FIRST),
        "two by the second key": (two, SECOND),
        "two of staging by the second key": (body(2, of="support-assistant/staging"), SECOND),
        "three by the second key": (body(3), SECOND),
        "four by the second key": (body(4), SECOND),
        "two by a stranger": (two, STRANGER),
        "three by the stolen second key": (body(3), STOLEN_SECOND),
        "three by the stolen third key": (body(3), STOLEN_THIRD),
        "two expired, refuse": (body(2, not_after=LONG_AGO, when_stale="refuse"), FIRST),
        "two expired, serve": (body(2, not_after=LONG_AGO), FIRST),
        "two of an unknown staleness": (body(2, when_stale="ask_somebody"), FIRST),
        "two from the future": (body(2, published_at="2998-01-01T00:00:00Z"), FIRST),
        "two of staging": (body(2, of="support-assistant/staging"), FIRST),
        "two of another workflow": (body(2, of="sales/production"), FIRST),
        "two with another digest": (body(2, digest="sha256:" + "0" * 64), FIRST),
        "two of another schema": (body(2, document={"schema": 2}), FIRST),
        "two rolled out": (body(2, document={"rollout": {"share": 0.1}}), FIRST),
        "two, no JSON": (b"<html>Welcome</html>", FIRST),
    }
    otherwise_signed = {
        "two signed as Ed25519": FIRST.sign(two, alg="Ed25519"),
        "two signed as a statement on keys": FIRST.sign(two, typ=KEY_TYP),
        "two signed by HMAC": FIRST.sign_as_hmac(two),
        "two signed by nobody": FIRST.sign(two, alg="none").partition("..")[0] + "..",
        "two by a stranger as the first key": STRANGER.sign(two, kid=FIRST.kid),
    }
    return {
        **{name: _release(content, key.sign(content)) for name, (content, key) in signed.items()},
        **{name: _release(two, signature) for name, signature in otherwise_signed.items()},
    }


def _release(content: bytes, signature: str) -> dict[str, str]:
    return {"body": content.decode(), "signature": signature, "etag": etag(content)}


def key_sets() -> dict[str, dict[str, Any]]:
    """JWK Sets by name."""
    first, second = FIRST.jwk(FIRST), SECOND.jwk(FIRST)
    stranger = STRANGER.jwk(STRANGER)
    return {
        "none": {"keys": []},
        "first": {"keys": [first]},
        "first and second": {"keys": [first, second]},
        "stranger beside": {"keys": [first, stranger]},
        "stranger alone": {"keys": [stranger]},
        "stranger as the first": {"keys": [{**stranger, "kid": FIRST.kid, "sequence": 1}]},
        "stolen second": {"keys": [first, STOLEN_SECOND.jwk(FIRST)]},
        "stolen third": {"keys": [first, second, STOLEN_THIRD.jwk(FIRST)]},
        "third without a second": {"keys": [first, STOLEN_THIRD.jwk(FIRST)]},
        "second endorsed in other words": {
            "keys": [first, SECOND.jwk(FIRST, typs=("", REVOCATION_TYP))]
        },
        **revocations(),
    }


def revocations() -> dict[str, dict[str, Any]]:
    """JWK Sets with revocations by name."""
    first, second = FIRST.jwk(FIRST), SECOND.jwk(FIRST)
    by_stranger = FIRST.revoked(STRANGER_THIRD, "compromised")
    return {
        "first retired": {"keys": [second], "revoked": [FIRST.revoked(SECOND)]},
        "first compromised": {"keys": [second], "revoked": [FIRST.revoked(SECOND, "compromised")]},
        "first revoked in other words": {
            "keys": [second],
            "revoked": [FIRST.revoked(SECOND, typ=KEY_TYP)],
        },
        "first revoked by a stranger": {
            "keys": [second, STRANGER_THIRD.jwk(STRANGER_THIRD)],
            "revoked": [by_stranger],
        },
        "second revoked by the first": {"keys": [first], "revoked": [SECOND.revoked(FIRST)]},
        "second revoked by itself": {"keys": [first], "revoked": [SECOND.revoked(SECOND)]},
        "second revoked as of no place": {
            "keys": [first],
            "revoked": [SECOND.revoked(FIRST, sequence=0)],
        },
    }


def main() -> None:
    FIXTURES.mkdir(exist_ok=True)
    for name, content in (("releases", releases()), ("keys", key_sets())):
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        (FIXTURES / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
