"""Releases as files at a static address, such as an object store behind a CDN.

Beside one another lie `policy.json` (the exact body), `policy.jws` (its detached signature) and
`jwks.json`. There is no token, and nothing is held.
"""

from __future__ import annotations

from . import bounds
from .connection import Ask
from .exchange import Exchanger, require_http
from .releases import Held, Sealed
from .transport import Fetched

BODY, SIGNATURE, KEYS = "policy.json", "policy.jws", "jwks.json"
PAST_CACHES = {"Cache-Control": "no-cache"}


class StaticSource:
    """The files of one workflow's environment. `url` is their folder, or that of the body."""

    # Body and signature are two files, which a publication replaces one after the other.
    tries = 4

    def __init__(self, url: str, http: Exchanger, *, jwks_url: str = "") -> None:
        self._folder = url.removesuffix(BODY).rstrip("/") + "/"
        self.jwks_url = jwks_url or self._folder + KEYS
        for address in (self._folder, self.jwks_url):
            require_http(address)
        self._http = http

    def fetch_policy(self, held: Held | None, *, wait_s: float = 0.0) -> Fetched:
        """The release in force; `wait_s` changes nothing. Raises FetchFailed.

        Whether it is the one held is told by its signature, which is short. A store's entity tags
        follow from nothing that is signed: whoever answered once in its place could leave a tag
        behind with which the store itself says for ever that nothing changed.
        """
        found = self._get(self._folder + SIGNATURE, {}, bounds.SIGNATURE)
        signature = found.decode("ascii", "replace").strip()
        if held is not None and signature == held.sealed.signature:
            return Fetched(None)
        headers = {"Accept-Encoding": "gzip", **PAST_CACHES}
        return Fetched(Sealed(self._get(self._folder + BODY, headers, bounds.RELEASE), signature))

    def fetch_keys(self) -> bytes:
        """The published keys, past any cache."""
        return self._get(self.jwks_url, PAST_CACHES, bounds.KEY_SET)

    def _get(self, url: str, headers: dict[str, str], bound: bounds.Bound) -> bytes:
        return self._http.exchange(Ask("GET", url, headers, bound)).body
