"""The keys that this router trusts: from a file or pinned on first use, kept, and grown by
endorsement. What the rules are stands in `keyset`; here is where keys come from and go to."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from .errors import ClientError, ReleaseRefused, StateUnusable
from .keys import DetachedSignature
from .keyset import KeySet, doubt, first_trusted, given_keys, grown, parse_key_set, unplaced

LOOK_EVERY_S = 3600.0


class KeyStore(Protocol):
    """Where trusted keys are kept between starts."""

    def load_keys(self) -> Mapping[str, object]: ...

    def save_keys(self, content: Mapping[str, object]) -> None: ...


class KeySource(Protocol):
    """The address that publishes keys."""

    jwks_url: str

    def fetch_keys(self) -> bytes: ...


class Keyring:
    """Trusts the keys of `file`, else those at the address when it first asks; afterwards what
    they endorse. Neither a key nor a revocation is forgotten because the address stops showing it.

    `say` is told, in sentences, of keys taken up, revoked and doubted. Raises ClientError for a
    file that cannot be used.
    """

    def __init__(
        self,
        store: KeyStore,
        source: KeySource,
        *,
        file: Path | None = None,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._source = source
        self._say = say
        self._clock = clock
        self._origin = source.jwks_url
        self._last_kid = ""
        self._last_doubt = ""
        self._looked_at = float("-inf")
        self._trusted = KeySet()
        if file is not None:
            content = _read(file)
            self._origin = f"file:{hashlib.sha256(content).hexdigest()}"
            self._trusted = given_keys(content, str(file))
        self._load()

    def key_of_kept(self, signature: DetachedSignature) -> bytes:
        """The key of a release on disk; never asks the network.

        A release that was accepted goes on being used until a better one is there, even when its
        key was revoked since: nothing else may be left to decide with.
        """
        key = self._trusted.keys.get(signature.kid)
        if key is None:
            raise ReleaseRefused(f"The key {signature.kid!r} of the release is not trusted here.")
        return key.x

    def key_for(self, signature: DetachedSignature) -> bytes:
        """The key of a release from the network. Raises ReleaseRefused; FetchFailed where the key
        is not known and the address cannot be asked.
        """
        kid = signature.kid
        if kid not in self._trusted.keys:
            self._look(kid)
        elif kid != self._last_kid or self._is_due():
            # The active key is another one: what it replaces may have been revoked. And who has a
            # stolen one may have had every release before refused, so that nobody looked.
            self._look_if_possible()
        key, revocation = self._trusted.keys.get(kid), self._trusted.revocations.get(kid)
        if key is None:
            raise ReleaseRefused(
                self._unplaced()
                or f"The release is signed with key {kid!r}, which {self._source.jwks_url} "
                "publishes but no key trusted here endorses: somebody may have changed what is "
                "published there. If the console was given new keys on purpose, give this router "
                "the new key file."
            )
        if revocation is not None:
            raise ReleaseRefused(
                f"The release is signed with key {kid!r}, which was revoked on "
                f"{revocation.revoked_at} as {revocation.reason}."
            )
        return key.x

    def note_accepted(self, kid: str) -> None:
        """A release under this key is in force. Until one is, each new try looks at the keys anew:
        what refuses it may be revoked meanwhile."""
        self._last_kid = kid

    def is_compromised(self, kid: str) -> bool:
        """Whether a key was revoked because somebody else may have it."""
        return self._trusted.is_compromised(kid)

    def refresh(self) -> None:
        """Look at the published keys once an hour, so that a standby key is known before it
        signs, and a revocation before it is needed. A failure to do so hinders nobody.
        """
        if self._is_due():
            self._look_if_possible()

    def _is_due(self) -> bool:
        # Looked at by a clock that was ahead, they would not be due before it is so late.
        return not 0 <= self._clock() - self._looked_at < LOOK_EVERY_S

    def _look_if_possible(self) -> None:
        self._looked_at = self._clock()
        try:
            self._look()
        except ClientError as error:
            self._tell_doubt(f"The published keys cannot be looked at. {error}")

    def _look(self, wanted: str = "") -> None:
        """See what is published and take up what of it can be believed. `wanted` is a `kid` that
        has to be there: nothing is pinned first from a set that does not even hold it.
        """
        where = self._source.jwks_url
        shown = parse_key_set(self._source.fetch_keys(), where)
        is_there = not wanted or wanted in shown.keys
        if is_there or self._trusted.keys:
            self._take_up(shown)
        if not is_there:
            raise ReleaseRefused(
                f"The release is signed with key {wanted!r}, which {where} does not publish."
            )

    def _take_up(self, shown: KeySet) -> None:
        where, before = self._source.jwks_url, self._trusted
        self._trusted = grown(before, shown) if before.keys else first_trusted(shown)
        self._looked_at = self._clock()
        self._tell_changes(before)
        why = doubt(self._trusted, shown)
        not_believed = f"Keys at {where} are not believed: {why}." if why else ""
        self._tell_doubt(self._unplaced() or not_believed)
        self._save()

    def _unplaced(self) -> str:
        """What to do where nothing tells which of the trusted keys is the newest."""
        kids = ", ".join(unplaced(self._trusted))
        return kids and (
            f"The trusted keys tell no sequence of {kids}, as files of consoles of before do not, "
            f"so no other key can be believed. Save {self._source.jwks_url} as this router's file "
            "of trusted keys, once you have seen that the keys in it are those of your console."
        )

    def _tell_changes(self, before: KeySet) -> None:
        if before.keys:
            for kid in self._trusted.keys.keys() - before.keys.keys():
                self._say(f"Key {kid} is trusted from now on: it is endorsed.")
        for kid, revocation in self._trusted.revocations.items():
            if before.revocations.get(kid) != revocation:
                self._say(f"Key {kid} is revoked as {revocation.reason}.")

    def _tell_doubt(self, sentence: str) -> None:
        if sentence and sentence != self._last_doubt:
            self._say(sentence)
        self._last_doubt = sentence

    def _load(self) -> None:
        stored = self._store.load_keys()
        try:
            kept = parse_key_set(json.dumps(stored.get("jwks")).encode(), "The kept keys")
        except ClientError:
            return
        if stored.get("origin") != self._origin:
            # Trust begins anew with another file, but of what was kept it takes what it would
            # take of the address. Else a file that is written anew would undo revocations.
            self._trusted = grown(self._trusted, kept)
            return
        self._trusted = first_trusted(kept)
        looked_at = stored.get("looked_at")
        self._looked_at = float(looked_at) if isinstance(looked_at, int | float) else float("-inf")

    def _save(self) -> None:
        content = {
            "origin": self._origin,
            "jwks": self._trusted.as_json(),
            "looked_at": self._looked_at,
        }
        try:
            self._store.save_keys(content)
        except StateUnusable as error:
            self._say(str(error))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ClientError(f"The trusted keys cannot be read: {error}") from None
