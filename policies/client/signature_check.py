"""Ed25519 checks: by `cryptography` where it is installed, else by the engine; same verdicts."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from ..engine import ed25519


def _import_cryptography() -> Any:
    """Its Ed25519 module, or None; imported by name, since its absence is a normal state."""
    if importlib.util.find_spec("cryptography") is None:
        return None
    try:
        return importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except Exception:  # a broken installation must not leave a router without a release
        return None


_COMPILED = _import_cryptography()


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature of the message holds under the 32-byte public key."""
    if _COMPILED is None:
        return ed25519.verify(public_key, message, signature)
    return verify_compiled(public_key, message, signature)


def verify_compiled(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """The same with `cryptography`, which is less strict about keys and leaves S to its backend:
    what the engine refuses for its form is refused before it is asked."""
    if len(signature) != 64 or not ed25519.is_usable_key(public_key):
        return False
    if int.from_bytes(signature[32:], "little") >= ed25519.ORDER:
        return False
    try:
        _COMPILED.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except Exception:  # InvalidSignature, or whatever else it has against it
        return False
    return True
