"""Bearer tokens as text: minted, recognised, hashed, described, read from a header."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from typing import Any

from django.utils import timezone

from policies.engine import DocumentError, Problem

ROUTER_PREFIX = "rcr_"
PERSONAL_PREFIX = "rcp_"
HINT_LENGTH = 10  # the prefix and six characters: enough to tell tokens apart, useless to guess
MAX_LENGTH = 200
MAX_NAME_LENGTH = 120


def mint(prefix: str) -> str:
    """A new token: the prefix and 256 random bits in 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(plain: str) -> str:
    """SHA-256 in hex. A fast hash is right here: 256 random bits cannot be guessed from it."""
    return hashlib.sha256(plain.encode("utf-8", "surrogateescape")).hexdigest()


def hint(plain: str) -> str:
    """The token's first characters, shown so that people can tell one from another."""
    return plain[:HINT_LENGTH]


def checked_fields(name: str, plain: str, expires_at: datetime.datetime | None) -> dict[str, Any]:
    """What is kept of a new token: everything but its text. Raises DocumentError."""
    problems = []
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        what = f"must say where the token is used, in at most {MAX_NAME_LENGTH} characters"
        problems.append(Problem("/name", what))
    if expires_at is not None and expires_at <= timezone.now():
        problems.append(Problem("/expires_at", "must lie in the future, or be left empty"))
    if problems:
        raise DocumentError(problems)
    return {
        "name": name.strip(),
        "hint": hint(plain),
        "hash": token_hash(plain),
        "expires_at": expires_at,
    }


def bearer_token(authorization: str) -> str:
    """The token of an `Authorization` header, else "" (no header, another scheme, too long)."""
    scheme, _, rest = authorization.partition(" ")
    token = rest.strip()
    if scheme.lower() != "bearer" or len(token) > MAX_LENGTH:
        return ""
    return token
