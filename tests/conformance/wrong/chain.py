"""Which keys a client believes, with one thing wrong, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.client.errors import ReleaseRefused
from policies.client.keys import decoded, parse_signature
from policies.engine import canonical_bytes

Entry = Mapping[str, Any]
KEY_TYP, REVOCATION_TYP = "routing-console-key", "routing-console-revocation"


class Chain:
    """Entries of trusted keys, and those of revoked ones with their revocations, by `kid`."""

    def __init__(self, kept: Mapping[str, Any], wrong: str) -> None:
        self._wrong = wrong
        self._shown: dict[str, Entry] = {}
        forgets_keys = wrong == "pins keys anew at each start"
        self.keys: dict[str, Entry] = {} if forgets_keys else dict(kept.get("keys", {}))
        self._first = dict(self.keys)
        forgets_revocations = wrong == "keeps no revocation over a restart"
        revoked: dict[str, Entry] = {} if forgets_revocations else dict(kept.get("revoked", {}))
        if wrong == "keeps compromised keys alone over a restart":
            revoked = {kid: entry for kid, entry in revoked.items() if _reason(entry) != "retired"}
        self.revoked = revoked

    def begin_anew(self, given: Mapping[str, Any]) -> None:
        """Trust another file's keys, and of what was trusted what they endorse and revoke."""
        before = {"keys": list(self.keys.values()), "revoked": list(self.revoked.values())}
        self.keys, self.revoked = {}, {}
        self.see(given)
        if self._wrong != "forgets revocations with another file of keys":
            self.see(before)

    def kept(self) -> dict[str, Any]:
        """What outlives the process."""
        keys = self.keys
        if self._wrong == "keeps the first keys alone over a restart":
            keys = self._first
        if self._wrong == "keeps keys as shown, not as trusted":
            keys = self._shown or keys
        return {"keys": keys, "revoked": self.revoked}

    def believes(self, kid: str) -> bool:
        if self._wrong == "refuses compromised keys alone":
            return kid in self.keys and not self.is_compromised(kid)
        return kid in self.keys and kid not in self.revoked

    def is_compromised(self, kid: str) -> bool:
        return kid in self.revoked and _reason(self.revoked[kid]) == "compromised"

    def see(self, published: Mapping[str, Any]) -> None:
        """Take up of a JWK Set what can be believed."""
        revocations = published.get("revoked", [])
        self._shown = {entry["kid"]: entry for entry in [*published["keys"], *revocations]}
        if not self.keys:
            self._first, self.keys = dict(self._shown), dict(self._shown)
            if self._wrong == "reads no revocation of the keys that it starts from":
                return
        while following := next(filter(self._comes_next, self._shown.values()), None):
            self.keys[following["kid"]] = following
        if self._wrong == "forgets keys that are not shown":
            self.keys = {k: e for k, e in self.keys.items() if k in self._shown} or self.keys
        if self._wrong == "starts anew after no key was shown":
            self.keys = self.keys if self._shown else {}
        if self._wrong == "lets keys change under their names":
            self.keys |= {k: e for k, e in self._shown.items() if k in self.keys}
        self._see_revocations(revocations)

    def _comes_next(self, entry: Entry) -> bool:
        places = [key["sequence"] for key in self.keys.values()]
        head = [key for key in self.keys.values() if key["sequence"] == max(places)]
        endorsers: Iterable[Entry] = head
        is_next = entry["sequence"] == max(places) + 1
        if self._wrong in ("any trusted key endorses", "any trusted key endorses for any place"):
            endorsers = self.keys.values()
        if self._wrong in ("takes keys of any place", "any trusted key endorses for any place"):
            is_next = True
        return entry["kid"] not in self.keys and is_next and self._is_endorsed(entry, endorsers)

    def _is_endorsed(self, entry: Entry, endorsers: Iterable[Entry]) -> bool:
        typ = "" if self._wrong == "minds no typ of endorsements" else KEY_TYP
        statement = {name: entry[name] for name in ("created_at", "kid", "sequence", "x")}
        return self._wrong == "verifies no endorsement" or any(
            _holds(endorsement, typ, statement, key)
            for endorsement in entry["endorsements"]
            for key in endorsers
        )

    def _see_revocations(self, entries: Iterable[Entry]) -> None:
        if self._wrong == "reads no revocation":
            return
        if self._wrong == "forgets revocations that are not shown":
            self.revoked = {}
        for entry in entries:
            key = self.keys.get(entry["kid"])
            if key is not None and self._is_revoked(key, entry):
                self._revoke(entry)

    def _revoke(self, entry: Entry) -> None:
        kid = entry["kid"]
        holds_on = self.is_compromised(kid) and self._wrong != "believes the last reason shown"
        if holds_on or self._wrong == "holds to the first reason of a revocation":
            entry = self.revoked.get(kid, entry)
        self.revoked[kid] = entry

    def _is_revoked(self, key: Entry, entry: Entry) -> bool:
        said = entry["revocation"]
        of = entry if self._wrong == "believes a revoked entry's place" else key
        typ = "" if self._wrong == "minds no typ of revocations" else REVOCATION_TYP
        statement = {
            "kid": key["kid"],
            "reason": said["reason"],
            "revoked_at": said["revoked_at"],
            "sequence": of["sequence"],
        }
        signers = self._shown if self._wrong == "lets any key shown revoke" else self.keys
        above = -1 if self._wrong == "lets any trusted key revoke" else of["sequence"]
        return self._wrong == "verifies no revocation" or any(
            signer["sequence"] > above and _holds(said["signature"], typ, statement, signer)
            for signer in signers.values()
        )


def _reason(entry: Entry) -> str:
    return str(entry["revocation"]["reason"])


def _holds(jws: str, typ: str, statement: Mapping[str, object], by: Entry) -> bool:
    """Whether a statement is signed by a key; `typ` "" stands for any."""
    try:
        signature = parse_signature(jws)
    except ReleaseRefused:
        return False
    holds = signature.holds(canonical_bytes(statement), decoded(by["x"]))
    return signature.kind == (typ or signature.kind) and signature.kid == by["kid"] and holds
