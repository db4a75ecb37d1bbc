"""Detached signatures: made with any signer, checked with a JWK Set; and statements about keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from policies.delivery.signing.signers import ALGORITHM, Signer, SigningUnavailable
from policies.engine import canonical_bytes

ENDORSEMENT = "routing-console-key"
REVOCATION = "routing-console-revocation"


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


def detached(signer: Signer, payload: bytes, kind: str = "") -> str:
    """A detached JWS over the exact bytes; `kind` is its `typ`, which statements have.

    Checked before it is given out: a signer may be another's machine. Raises SigningUnavailable.
    """
    header = {"alg": ALGORITHM, "kid": signer.kid, **({"typ": kind} if kind else {})}
    protected = _encoded(canonical_bytes(header))
    signature = signer.sign(f"{protected}.{_encoded(payload)}".encode("ascii"))
    made = f"{protected}..{_encoded(signature)}"
    if not verify(payload, made, {"keys": [{**signer.public_jwk, "kid": signer.kid}]}):
        raise SigningUnavailable(
            f"What key {signer.kid} signed does not verify under its public half.",
            "See that the signer signs with Ed25519 over the bytes it is given, unhashed.",
        )
    return made


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


def signed_by(signature: str) -> str:
    """The `kid` of the key that a detached JWS of ours was made with."""
    header = signature.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    return kid


def endorsement(signer: Signer, *, kid: str, x: str, sequence: int, created_at: str) -> str:
    """Says with an earlier key (the first: with itself) that this one is the console's, too."""
    said = {"created_at": created_at, "kid": kid, "sequence": sequence, "x": x}
    return detached(signer, canonical_bytes(said), ENDORSEMENT)


def revocation(signer: Signer, *, kid: str, sequence: int, reason: str, revoked_at: str) -> str:
    """Says with a later key that this one is not to be believed any more."""
    said = {"kid": kid, "reason": reason, "revoked_at": revoked_at, "sequence": sequence}
    return detached(signer, canonical_bytes(said), REVOCATION)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
