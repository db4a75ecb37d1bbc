"""Writes `fixtures/`: signed releases and JWK Sets, the same bytes each time.

The keys are made of fixed numbers: they are no secret and sign nothing else.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.client.keys import thumbprint
from policies.engine import canonical_bytes, compose, digest

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
CREATED = "2026-03-01T12:00:00Z"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key of a fixed number; `sequence` is its place among the console's keys."""

    def __init__(self, number: int, sequence: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public = self._private.public_key().public_bytes_raw()
        self.kid, self.x, self.sequence = thumbprint(public), encoded(public), sequence

    def sign(self, payload: bytes, **header: object) -> str:
        protected = encoded(json.dumps({"alg": "EdDSA", "kid": self.kid, **header}).encode())
        signed = f"{protected}.{encoded(payload)}".encode()
        return f"{protected}..{encoded(self._private.sign(signed))}"

    def jwk(self, endorsed_by: Key) -> dict[str, Any]:
        """Its entry of a JWK Set, as docs/delivery.md has it."""
        own = {"created_at": CREATED, "kid": self.kid, "sequence": self.sequence, "x": self.x}
        endorsement = endorsed_by.sign(canonical_bytes(own), typ="routing-console-key")
        of_okp = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
        return {**of_okp, **own, "endorsements": [endorsement]}


FIRST, SECOND, STRANGER = Key(1, 1), Key(2, 2), Key(3, 2)


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


def etag(content: bytes) -> str:
    """The entity tag of a release, as docs/delivery.md has it; of what is none, any other."""
    try:
        release = json.loads(content)["release"]
    except ValueError:
        return '"none"'
    end = int(datetime.datetime.fromisoformat(release["not_after"]).timestamp())
    return f'"{release["digest"].removeprefix("sha256:")}.{release["number"]}.{end}"'


def releases() -> dict[str, dict[str, str]]:
    """Bodies, their signatures and entity tags by name."""
    signed = {
        "one": (body(1), FIRST),
        "two": (body(2), FIRST),
        "three": (body(3), FIRST),
        "two renewed": (body(2, not_after="2999-06-01T00:00:00Z"), FIRST),
        "two by the second key": (body(2), SECOND),
        "two by a stranger": (body(2), STRANGER),
        "two expired, refuse": (body(2, not_after=LONG_AGO, when_stale="refuse"), FIRST),
        "two expired, serve": (body(2, not_after=LONG_AGO), FIRST),
        "two from the future": (body(2, published_at="2998-01-01T00:00:00Z"), FIRST),
        "two of staging": (body(2, of="support-assistant/staging"), FIRST),
        "two of another workflow": (body(2, of="sales/production"), FIRST),
        "two with another digest": (body(2, digest="sha256:" + "0" * 64), FIRST),
        "two of another schema": (body(2, document={"schema": 2}), FIRST),
        "two rolled out": (body(2, document={"rollout": {"share": 0.1}}), FIRST),
        "two, no JSON": (b"<html>Welcome</html>", FIRST),
    }
    return {
        name: {
            "body": content.decode(),
            "signature": key.sign(content),
            "etag": etag(content),
        }
        for name, (content, key) in signed.items()
    }


def key_sets() -> dict[str, dict[str, Any]]:
    """JWK Sets by name."""
    first, second = FIRST.jwk(FIRST), SECOND.jwk(FIRST)
    return {
        "first": {"keys": [first]},
        "first and second": {"keys": [first, second]},
        "stranger beside": {"keys": [first, STRANGER.jwk(STRANGER)]},
        "stranger alone": {"keys": [STRANGER.jwk(STRANGER)]},
    }


def main() -> None:
    FIXTURES.mkdir(exist_ok=True)
    for name, content in (("releases", releases()), ("keys", key_sets())):
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        (FIXTURES / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
