"""What a plane knows at one moment, as plain values. Nothing in them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.delivery.answers import Denial, KnownToken, VerifiedRelease


@dataclass(frozen=True)
class HeldRelease:
    """What routers of an environment get.

    `release` is None where nothing that verifies was ever there. `unverified_since` is when the
    database first named a release that does not verify (monotonic, s), and `release` the last
    good one, which goes on; None while the release in force is the one held.
    """

    release_id: int | None
    signature: str
    release: VerifiedRelease | None
    unverified_since: float | None = None

    def is_of(self, release_id: int, signature: str) -> bool:
        """Whether this came of looking at just that row, good or bad."""
        return (self.release_id, self.signature) == (release_id, signature)


@dataclass(frozen=True)
class Holdings:
    """Tokens by the SHA-256 of their text, releases by environment, and the public keys.

    `personal` holds when personal tokens end (s since 1970): they are refused with a better reason
    than tokens that nobody knows. `jwks` is the JWK Set's JSON.
    """

    tokens: Mapping[bytes, KnownToken | Denial] = field(default_factory=dict)
    personal: Mapping[bytes, float] = field(default_factory=dict)
    releases: Mapping[int, HeldRelease] = field(default_factory=dict)
    jwks: bytes = b'{"keys": []}'
