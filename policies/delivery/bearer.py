"""Bearer tokens as text: minted, recognised, hashed, read from a header. Pure."""

from __future__ import annotations

import hashlib
import secrets

ROUTER_PREFIX = "rcr_"
PERSONAL_PREFIX = "rcp_"
HINT_LENGTH = 10  # the prefix and six characters: enough to tell tokens apart, useless to guess
MAX_LENGTH = 200


def mint(prefix: str) -> str:
    """A new token: the prefix and 256 random bits in 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(plain: str) -> str:
    """SHA-256 in hex. A fast hash is right here: 256 random bits cannot be guessed from it."""
    return hashlib.sha256(plain.encode("utf-8", "surrogateescape")).hexdigest()


def hint(plain: str) -> str:
    """The token's first characters, shown so that people can tell one from another."""
    return plain[:HINT_LENGTH]


def bearer_token(authorization: str) -> str:
    """The token of an `Authorization` header, else "" (no header, another scheme, too long)."""
    scheme, _, rest = authorization.partition(" ")
    token = rest.strip()
    if scheme.lower() != "bearer" or len(token) > MAX_LENGTH:
        return ""
    return token
