"""The console's Ed25519 key: where it is kept, signing with it, and the published public keys.

Signatures are detached JWS (RFC 7515, appendix F): compact form with an empty payload. The
payload that is signed is the exact body, before any content coding.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from policies.models import SigningKey

ALGORITHM = "EdDSA"
KEY_FILE_NAME = "signing-key.pem"


class _ReleaseRegistry(JWSRegistry):
    """EdDSA alone, for bodies of any size that a release may have.

    joserfc warns at each use that RFC 9864 gives EdDSA over this curve the name "Ed25519"; the
    delivery protocol is published under the older name, which every JOSE library knows.
    """

    max_payload_length = 64 * 1024 * 1024

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise JoseError(f"Releases are signed with {ALGORITHM}, not {name}")
        return self.algorithms[name]


_registry = _ReleaseRegistry(algorithms=[ALGORITHM])


def sign(body: bytes) -> str:
    """A detached JWS over the exact bytes; also publishes the key's public half."""
    key = _current_key()
    _publish(key)
    header = {"alg": ALGORITHM, "kid": key.thumbprint()}
    return jws.detach_content(jws.serialize_compact(header, body, key, registry=_registry))


def verify(body: bytes, signature: str, jwks: Mapping[str, Any]) -> bool:
    """Whether a detached JWS over these bytes holds under one of the keys, named by its `kid`."""
    try:
        header, _, _ = signature.partition("..")
        unverified = jws.extract_compact(signature.encode("ascii"), body, _registry)
        kid = unverified.headers().get("kid")
        found = [key for key in jwks["keys"] if key.get("kid") == kid]
        if not header or not found:
            return False
        key = OKPKey.import_key({name: found[0][name] for name in ("kty", "crv", "x")})
        return jws.validate_compact(unverified, key, registry=_registry)
    except (JoseError, ValueError, KeyError):
        return False


def jwks() -> dict[str, Any]:
    """The JWK Set of every key that ever signed, retired ones too, and of the present key."""
    published = published_keys()
    present = public_jwk(_current_key())
    if present["kid"] not in {key["kid"] for key in published["keys"]}:
        published["keys"].append(present)
    return published


def published_keys() -> dict[str, Any]:
    """The JWK Set of every key that ever signed; needs no private key at hand."""
    return {"keys": [row.public_jwk for row in SigningKey.objects.order_by("created_at", "pk")]}


def public_jwk(key: OKPKey) -> dict[str, Any]:
    """The public half as a JWK; `kid` is its RFC 7638 thumbprint."""
    members = dict(key.as_dict(private=False))
    return members | {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}


def _publish(key: OKPKey) -> None:
    kid = key.thumbprint()
    row, created = SigningKey.objects.get_or_create(
        kid=kid, defaults={"public_jwk": public_jwk(key)}
    )
    if created or row.retired_at is not None:
        SigningKey.objects.exclude(kid=kid).filter(retired_at=None).update(
            retired_at=timezone.now()
        )
        SigningKey.objects.filter(kid=kid).update(retired_at=None)


def _current_key() -> OKPKey:
    given: str = settings.SIGNING_KEY_PEM
    if given:
        return _key_from_pem(given, "ROUTING_CONSOLE_SIGNING_KEY")
    file = Path(settings.DATA_DIR) / KEY_FILE_NAME
    if not file.exists():
        _create_key_file(file)
    return _key_from_pem(file.read_text(encoding="ascii"), str(file))


@lru_cache(maxsize=8)
def _key_from_pem(pem: str, source: str) -> OKPKey:
    try:
        key = OKPKey.import_key(pem)
        is_right = key.is_private and key.curve_name == "Ed25519"
    except (JoseError, ValueError, TypeError):
        is_right = False
    if not is_right:
        raise ImproperlyConfigured(
            f"{source} must hold an Ed25519 private key in PEM, "
            "as `openssl genpkey -algorithm ed25519` prints it."
        )
    return key


def _create_key_file(file: Path) -> None:
    """Write a new key whole or not at all; when two processes start at once, one key wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pem = OKPKey.generate_key("Ed25519").as_pem(private=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".signing-key-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(pem)
            temporary.flush()
            os.fsync(temporary.fileno())
        try:
            os.link(name, file)  # unlike rename, fails when the file is there already
        except FileExistsError:
            return
    finally:
        Path(name).unlink(missing_ok=True)
