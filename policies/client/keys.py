"""Public keys (JWK, RFC 7517 and 8037) and detached signatures (JWS, RFC 7515 appendix F)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from ..engine import DocumentError
from .bounds import SIGNATURE
from .errors import ReleaseRefused
from .signature_check import verify

ALGORITHMS = ("EdDSA", "Ed25519")  # RFC 9864 renames the first into the second
KNOWN_HEADERS = {"alg", "kid", "typ"}


@dataclass(frozen=True)
class DetachedSignature:
    """A detached JWS, taken apart: what was signed is `header.<payload>`.

    `kind` is its `typ`: statements about keys have one, releases have none.
    """

    header: str
    kid: str
    signature: bytes
    kind: str = ""

    def holds(self, body: bytes, public_key: bytes) -> bool:
        signed = self.header.encode("ascii") + b"." + encoded(body).encode("ascii")
        return verify(public_key, signed, self.signature)


def parse_signature(text: str) -> DetachedSignature:
    """Reads `header..signature`; raises ReleaseRefused when it is not an EdDSA one."""
    if len(text) > SIGNATURE.most_bytes:
        raise ReleaseRefused("The release's signature is too long.")
    header, separator, signature = text.strip().partition("..")
    try:
        members = SIGNATURE.load(decoded(header))
        raw = decoded(signature)
    except (ValueError, DocumentError):
        members, raw = None, b""
    if not separator or not isinstance(members, dict):
        raise ReleaseRefused("The release carries no readable signature.")
    if members.get("alg") not in ALGORITHMS or not set(members) <= KNOWN_HEADERS:
        raise ReleaseRefused("The release's signature is of a kind this client does not know.")
    kid, kind = str(members.get("kid", "")), str(members.get("typ", ""))
    return DetachedSignature(header, kid, raw, kind)


def thumbprint(public_key: bytes) -> str:
    """The key's RFC 7638 thumbprint, which is what the console uses as `kid`."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": encoded(public_key)}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encoded(hashlib.sha256(text.encode("ascii")).digest())


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """Base64url without padding, in its one canonical spelling; raises ValueError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if encoded(data) != text:
        raise ValueError("not canonical base64url")
    return data
