"""What a store of releases answers when asked with a token. Pure: no Django, no database."""

from __future__ import annotations

import enum
import gzip
from dataclasses import dataclass, field
from typing import Protocol

READ, REPORT = "read", "report"
# What tells which of two releases is later: number, and end in seconds of the epoch.
Rank = tuple[int, int]
NO_RANK: Rank = (0, 0)


class Denial(enum.Enum):
    """Why a token opens nothing; each says what would help."""

    MISSING = "Send the router token as `Authorization: Bearer …`."
    UNKNOWN = "This token is not known. Check that all of it was copied."
    EXPIRED = "This token has expired. Ask an operator for a new one."
    REVOKED = "This token was revoked. Ask an operator for a new one."
    MISCOPIED = "This token was not copied whole: its checksum does not hold."
    SCOPE = "This token does not open this. Ask an operator for one with the scope it needs."
    PERSONAL = "A personal token does not fetch policy. Use a router token of the environment."


class Source(enum.Enum):
    """Where an answer was checked last."""

    DATABASE = "database"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A router token that is good until `expires_at`, in seconds since 1970 (`inf`: for ever).

    `workflow` and `environment` are the names of where it belongs, both "" where only a file of an
    earlier version is known.
    """

    id: int
    environment_id: int
    scopes: frozenset[str]
    expires_at: float
    workflow: str = field(default="", compare=False)
    environment: str = field(default="", compare=False)


@dataclass(frozen=True)
class VerifiedRelease:
    """A release whose signature and digest were verified; `packed` is its gzip form."""

    body: bytes
    etag: str
    signature: str
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, body: bytes, etag: str, signature: str) -> VerifiedRelease:
        # mtime=0: every process packs a release into the same bytes.
        return cls(body, etag, signature, gzip.compress(body, 9, mtime=0))

    @property
    def packed_tag(self) -> str:
        """The gzip form's own tag: strong tags differ between codings (RFC 9110, 8.8.3.3)."""
        return f'{self.etag[:-1]}-gzip"'


@dataclass(frozen=True)
class Found:
    """The token is good. `age_s`: seconds since the database last confirmed this answer.

    `latest_up_to`: with this token a release of this rank was named, and the database, asked since,
    knows none later than `release`.
    """

    release: VerifiedRelease | None
    source: Source = Source.DATABASE
    age_s: int = 0
    latest_up_to: Rank = NO_RANK


@dataclass(frozen=True)
class Unavailable:
    """Nothing can be said now: memory holds no answer, or none that verifies."""

    sentence: str
    retry_after_s: int


class Snapshots(Protocol):
    """Where `respond` looks releases up."""

    def find(self, token: str) -> Found | Denial | Unavailable: ...
