"""Which keys a router believes: a chain, each endorsed by the one before, and revocations. Pure.

A key of higher sequence outranks one of lower. Only the highest that is trusted brings in the next,
so that once a router holds the standby key, whoever has stolen the active one can neither bring in
keys of their own nor revoke the standby.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..engine import DocumentError, canonical_bytes
from .bounds import KEY_SET
from .errors import ClientError
from .keys import decoded, encoded, parse_signature, thumbprint

KEY_TYPE = "routing-console-key"
REVOCATION_TYPE = "routing-console-revocation"
RETIRED, COMPROMISED = "retired", "compromised"
LARGEST_SEQUENCE = 1_000_000
# Each signature costs milliseconds; who controls the address must not stall a router with them.
MOST_KEYS = 1_000
MOST_TRIED = 4


@dataclass(frozen=True)
class PublicKey:
    """A key as it is published; `sequence` is 0 where the console does not tell it."""

    kid: str
    x: bytes
    sequence: int = 0
    created_at: str = ""
    endorsements: tuple[str, ...] = ()

    @property
    def statement(self) -> bytes:
        """What an endorsement signs."""
        return canonical_bytes(
            {
                "created_at": self.created_at,
                "kid": self.kid,
                "sequence": self.sequence,
                "x": encoded(self.x),
            }
        )

    def is_endorsed_by(self, other: PublicKey) -> bool:
        return any(
            _holds(endorsement, KEY_TYPE, self.statement, other)
            for endorsement in self.endorsements[:MOST_TRIED]
        )

    def as_json(self) -> dict[str, object]:
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": self.kid,
            "x": encoded(self.x),
            "sequence": self.sequence,
            "created_at": self.created_at,
            "endorsements": list(self.endorsements),
        }


@dataclass(frozen=True)
class Revocation:
    """Says that a key is not to be believed any more; `reason` is RETIRED or COMPROMISED."""

    kid: str
    sequence: int
    reason: str
    revoked_at: str
    signature: str

    def is_signed_by(self, other: PublicKey) -> bool:
        statement = {
            "kid": self.kid,
            "reason": self.reason,
            "revoked_at": self.revoked_at,
            "sequence": self.sequence,
        }
        return _holds(self.signature, REVOCATION_TYPE, canonical_bytes(statement), other)

    def as_json(self) -> dict[str, object]:
        return {
            "reason": self.reason,
            "revoked_at": self.revoked_at,
            "signature": self.signature,
        }


@dataclass(frozen=True)
class KeySet:
    """Keys by `kid`, and the revocations of some of them."""

    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    revocations: Mapping[str, Revocation] = field(default_factory=dict)

    @property
    def newest(self) -> PublicKey | None:
        """The key of the highest sequence."""
        return max(self.keys.values(), key=lambda key: key.sequence, default=None)

    def is_compromised(self, kid: str) -> bool:
        found = self.revocations.get(kid)
        return found is not None and found.reason == COMPROMISED

    def as_json(self) -> dict[str, object]:
        """As the console publishes it."""
        revoked = [
            {**self.keys[kid].as_json(), "revocation": found.as_json()}
            for kid, found in self.revocations.items()
        ]
        live = [key.as_json() for kid, key in self.keys.items() if kid not in self.revocations]
        return {"keys": live, "revoked": revoked}


def parse_key_set(text: bytes, where: str) -> KeySet:
    """Ed25519 keys of a JWK Set or a single JWK, whatever they are worth; others are passed over.

    `where` names the source in the ClientError raised when there is no usable key.
    """
    try:
        document = KEY_SET.load(text)
    except DocumentError as error:
        raise ClientError(f"{where} is no JWK Set: {error}") from None
    keys: dict[str, PublicKey] = {}
    revocations: dict[str, Revocation] = {}
    if isinstance(document, dict):
        for jwk in _listed(document.get("keys", [document])):
            _read_key(jwk, keys)
        for jwk in _listed(document.get("revoked")):
            _read_revocation(jwk, _read_key(jwk, keys), revocations)
    if not keys:
        raise ClientError(f"{where} holds no Ed25519 key.")
    return KeySet(keys, revocations)


def given_keys(content: bytes, where: str) -> KeySet:
    """What is trusted by a file of keys that people vouch for, `where` to be named in errors.

    Raises ClientError also for a signed release, which brings the keys along that it is to be
    judged by.
    """
    keys = parse_key_set(content, where)
    document = KEY_SET.load(content)
    if isinstance(document, dict) and "body" in document:
        raise ClientError(
            f"{where} is a signed release, which cannot vouch for itself. Give the console's own "
            "keys: “Download keys” in the settings, or /.well-known/jwks.json."
        )
    return first_trusted(keys)


def first_trusted(shown: KeySet) -> KeySet:
    """What is trusted where nothing was before: every key, and the revocations that hold."""
    return _with_revocations(KeySet(shown.keys), shown)


def grown(trusted: KeySet, shown: KeySet) -> KeySet:
    """What is trusted once a set was shown: with keys that the newest trusted ones endorse, each
    the next, and with revocations by later keys. Nothing that was trusted or revoked is forgotten.
    """
    keys = {kid: _told(key, shown.keys.get(kid)) for kid, key in trusted.keys.items()}
    while (head := KeySet(keys).newest) is not None and (following := _next(head, keys, shown)):
        keys[following.kid] = following
    return _with_revocations(KeySet(keys, trusted.revocations), shown)


def unplaced(trusted: KeySet) -> tuple[str, ...]:
    """Keys, by `kid`, of which nothing tells the place in the chain, where there are several: no
    key is brought in then, for it is not known after which it would come."""
    if len(trusted.keys) < 2:
        return ()
    return tuple(sorted(kid for kid, key in trusted.keys.items() if not key.sequence))


def doubt(trusted: KeySet, shown: KeySet) -> str:
    """Why what is shown cannot come from who has the trusted keys; empty where nothing says so."""
    head = trusted.newest
    if head is None:
        return ""
    if all(shown.keys.get(kid, key).x == key.x for kid, key in trusted.keys.items()):
        strange = [
            key
            for kid, key in shown.keys.items()
            if kid not in trusted.keys and key.sequence >= head.sequence
        ]
        if head.kid in shown.keys and not strange:
            return ""
    return "no key trusted here endorses them: somebody may have changed what is published there"


def _next(head: PublicKey, trusted: Mapping[str, PublicKey], shown: KeySet) -> PublicKey | None:
    """The key after the newest trusted one, if it is there and endorsed."""
    claimed = [key for key in shown.keys.values() if key.sequence == head.sequence + 1]
    for key in claimed[:MOST_TRIED]:
        if head.sequence and key.kid not in trusted and key.is_endorsed_by(head):
            return key
    return None


def _told(key: PublicKey, shown: PublicKey | None) -> PublicKey:
    """A key trusted since before sequences were published, with its own word on its place."""
    is_same = shown is not None and shown.x == key.x
    if shown is None or key.sequence or not is_same or not shown.is_endorsed_by(key):
        return key
    return replace(shown, kid=key.kid)


def _with_revocations(trusted: KeySet, shown: KeySet) -> KeySet:
    """Revocations count from the latest key down: one made with a key that turns out to be
    compromised counts for nothing."""
    found = dict(trusted.revocations)
    by_rank = sorted(trusted.keys.values(), key=lambda key: key.sequence, reverse=True)
    for signer in by_rank:
        if KeySet(trusted.keys, found).is_compromised(signer.kid):
            continue
        for kid, revocation in shown.revocations.items():
            key = trusted.keys.get(kid)
            if key is None or KeySet(trusted.keys, found).is_compromised(kid):
                continue
            outranks = signer.sequence > key.sequence == revocation.sequence
            if outranks and revocation.is_signed_by(signer):
                found[kid] = revocation
    return KeySet(trusted.keys, found)


def _listed(value: object) -> list[Mapping[str, object]]:
    listed = value[:MOST_KEYS] if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, dict)]


def _read_key(jwk: Mapping[str, object], keys: dict[str, PublicKey]) -> PublicKey | None:
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        return None
    try:
        x = decoded(str(jwk.get("x", "")))
    except ValueError:
        return None
    if len(x) != 32:
        return None
    endorsements = jwk.get("endorsements")
    key = PublicKey(
        kid=str(jwk.get("kid") or thumbprint(x)),
        x=x,
        sequence=_sequence(jwk.get("sequence")),
        created_at=str(jwk.get("created_at", "")),
        endorsements=tuple(map(str, endorsements)) if isinstance(endorsements, list) else (),
    )
    return keys.setdefault(key.kid, key)


def _sequence(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= LARGEST_SEQUENCE else 0


def _read_revocation(
    jwk: Mapping[str, object], key: PublicKey | None, revocations: dict[str, Revocation]
) -> None:
    said = jwk.get("revocation")
    if (
        key is None
        or not isinstance(said, dict)
        or said.get("reason") not in (RETIRED, COMPROMISED)
    ):
        return
    revocations[key.kid] = Revocation(
        kid=key.kid,
        sequence=key.sequence,
        reason=str(said["reason"]),
        revoked_at=str(said.get("revoked_at", "")),
        signature=str(said.get("signature", "")),
    )


def _holds(signature: str, kind: str, statement: bytes, by: PublicKey) -> bool:
    try:
        read = parse_signature(signature)
    except ClientError:
        return False
    return read.kind == kind and read.kid == by.kid and read.holds(statement, by.x)
