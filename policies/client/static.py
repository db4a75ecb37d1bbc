"""Releases as files at a static address, such as an object store behind a CDN.

Beside one another lie `policy.json` (the exact body), `policy.jws` (its detached signature) and
`jwks.json`. The store gives entity tags; there is no token, and nothing is held.
"""

from __future__ import annotations

from dataclasses import replace

from . import bounds
from .connection import Ask, Reply
from .exchange import Exchanger, require_http
from .transport import Fetched, fetched

BODY, SIGNATURE, KEYS = "policy.json", "policy.jws", "jwks.json"


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

    def fetch_policy(self, etag: str, *, wait_s: float = 0.0) -> Fetched:
        """The release in force; `wait_s` changes nothing. Raises FetchFailed."""
        headers = {"Accept-Encoding": "gzip"}
        if etag:
            headers["If-None-Match"] = etag
        found = fetched(self._get(BODY, headers, bounds.RELEASE), etag, self._folder + BODY)
        if found.sealed is None:
            return found
        signature = self._get(SIGNATURE, {"Cache-Control": "no-cache"}, bounds.SIGNATURE).body
        text = signature.decode("ascii", "replace").strip()
        return replace(found, sealed=replace(found.sealed, signature=text))

    def fetch_keys(self) -> bytes:
        """The published keys, past any cache."""
        ask = Ask("GET", self.jwks_url, {"Cache-Control": "no-cache"}, bounds.KEY_SET)
        return self._http.exchange(ask).body

    def _get(self, name: str, headers: dict[str, str], bound: bounds.Bound) -> Reply:
        return self._http.exchange(Ask("GET", self._folder + name, headers, bound))
