"""Bearer tokens as text: minted, recognised, hashed, described, read from a header."""

from __future__ import annotations

import datetime
import hashlib
import re
import secrets
import string
import zlib
from typing import Any

from django.utils import timezone

from policies.engine import DocumentError, Problem

ROUTER_PREFIX = "rcr_"
PERSONAL_PREFIX = "rcp_"
HINT_LENGTH = 10  # the prefix and six characters: enough to tell tokens apart, useless to guess
MAX_LENGTH = 200
MAX_NAME_LENGTH = 120


ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH = 43  # of 62 characters: 256 bits
CHECKSUM_LENGTH = 6  # of 62 characters: the 32 bits of a CRC, with zeros before
# For secret scanners; docs/delivery.md says it, too.
PATTERN = re.compile(
    rf"(?:{ROUTER_PREFIX}|{PERSONAL_PREFIX})[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
)


def mint(prefix: str) -> str:
    """A new token: the prefix, 256 random bits and their checksum, in letters and digits."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return prefix + secret + _checksum(prefix + secret)


def is_miscopied(plain: str) -> bool:
    """Whether a text has the form of our tokens, but not their checksum.

    Tokens of before had 43 characters and no checksum: of those this cannot be told.
    """
    if not PATTERN.fullmatch(plain):
        return False
    return _checksum(plain[:-CHECKSUM_LENGTH]) != plain[-CHECKSUM_LENGTH:]


def _checksum(text: str) -> str:
    """CRC-32 in base 62, six characters, as GitHub's tokens have it."""
    value, digits = zlib.crc32(text.encode("ascii")), ""
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


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
