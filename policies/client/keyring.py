"""Which keys are trusted: a given file's, else the console's own, pinned on first use."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

from .errors import ClientError, ReleaseRefused, StateUnusable
from .keys import DetachedSignature, parse_jwks
from .state import StateFolder


class KeySource(Protocol):
    """The address that publishes keys."""

    jwks_url: str

    def fetch_keys(self) -> bytes: ...


class FixedKeyring:
    """The keys of a file that somebody put there; nothing on the network adds to them."""

    def __init__(self, file: Path) -> None:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise ClientError(f"The trusted keys cannot be read: {error}") from None
        self._file = file
        self._keys = parse_jwks(text, str(file))

    def key_for(self, signature: DetachedSignature) -> bytes:
        if signature.kid not in self._keys:
            raise ReleaseRefused(
                f"The release is signed with key {signature.kid!r}, which {self._file} does not "
                "hold."
            )
        return self._keys[signature.kid]

    pinned_key_for = key_for


class PinnedKeyring:
    """The console's keys, fetched once and kept in the state folder.

    An unknown `kid` makes it fetch again, from the same address only, and what it finds then
    replaces the pinned set: so a key that was taken out of the JWK Set ends being trusted.
    """

    def __init__(self, state: StateFolder, source: KeySource) -> None:
        self._state = state
        self._source = source
        self._keys = state.load_keys(source.jwks_url)

    def pinned_key_for(self, signature: DetachedSignature) -> bytes:
        """The key if it is pinned already; never asks the network."""
        if signature.kid not in self._keys:
            raise ReleaseRefused(f"The key {signature.kid!r} of the release is not pinned here.")
        return self._keys[signature.kid]

    def key_for(self, signature: DetachedSignature) -> bytes:
        if signature.kid not in self._keys:
            where = self._source.jwks_url
            fetched = parse_jwks(self._source.fetch_keys(), where)
            if signature.kid not in fetched:
                raise ReleaseRefused(
                    f"The release is signed with key {signature.kid!r}, which {where} does not "
                    "publish."
                )
            self._keys = fetched
            with contextlib.suppress(StateUnusable):  # what is in force needs no disk
                self._state.save_keys(where, fetched)
        return self._keys[signature.kid]
