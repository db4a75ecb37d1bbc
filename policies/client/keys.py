"""Public keys (JWK, RFC 7517 and 8037) and detached signatures (JWS, RFC 7515 appendix F)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..engine import DocumentError, load_json
from .errors import ClientError, ReleaseRefused
from .signature_check import verify

ALGORITHMS = ("EdDSA", "Ed25519")  # RFC 9864 renames the first into the second
KNOWN_HEADERS = {"alg", "kid", "typ"}


@dataclass(frozen=True)
class DetachedSignature:
    """A detached JWS, taken apart: what was signed is `header.<payload>`."""

    header: str
    kid: str
    signature: bytes

    def holds(self, body: bytes, public_key: bytes) -> bool:
        signed = self.header.encode("ascii") + b"." + _encoded(body)
        return verify(public_key, signed, self.signature)


def parse_signature(text: str) -> DetachedSignature:
    """Reads `header..signature`; raises ReleaseRefused when it is not an EdDSA one."""
    header, separator, signature = text.strip().partition("..")
    try:
        members = load_json(_decoded(header))
        raw = _decoded(signature)
    except (ValueError, DocumentError):
        members, raw = None, b""
    if not separator or not isinstance(members, dict):
        raise ReleaseRefused("The release carries no readable signature.")
    if members.get("alg") not in ALGORITHMS or not set(members) <= KNOWN_HEADERS:
        raise ReleaseRefused("The release's signature is of a kind this client does not know.")
    return DetachedSignature(header, str(members.get("kid", "")), raw)


def parse_jwks(text: bytes, where: str) -> dict[str, bytes]:
    """Ed25519 keys by `kid` from a JWK Set or a single JWK; other kinds are passed over.

    `where` names the source in the ClientError raised when there is no usable key.
    """
    try:
        document = load_json(text)
    except DocumentError as error:
        raise ClientError(f"{where} is no JWK Set: {error}") from None
    listed = document.get("keys", [document]) if isinstance(document, dict) else []
    keys: dict[str, bytes] = {}
    for jwk in listed if isinstance(listed, list) else []:
        if isinstance(jwk, dict) and jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
            keys.update(_key_of(jwk))
    if not keys:
        raise ClientError(f"{where} holds no Ed25519 key.")
    return keys


def to_jwks(keys: Mapping[str, bytes]) -> dict[str, object]:
    """The JWK Set of these keys."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": _encoded(key).decode("ascii")}
            for kid, key in keys.items()
        ]
    }


def _key_of(jwk: Mapping[str, object]) -> dict[str, bytes]:
    try:
        x = _decoded(str(jwk.get("x", "")))
    except ValueError:
        return {}
    return {str(jwk.get("kid") or thumbprint(x)): x} if len(x) == 32 else {}


def thumbprint(public_key: bytes) -> str:
    """The key's RFC 7638 thumbprint, which is what the console uses as `kid`."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _encoded(public_key).decode("ascii")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _encoded(hashlib.sha256(text.encode("ascii")).digest()).decode("ascii")


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: str) -> bytes:
    """Base64url without padding, in its one canonical spelling; raises ValueError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if _encoded(data) != text.encode("ascii"):
        raise ValueError("not canonical base64url")
    return data
