"""The console's addresses, and what is asked and told there."""

from __future__ import annotations

import gzip
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..engine import DocumentError
from .bounds import KEY_SET, RECEIPT, RELEASE
from .connection import Ask, Reply
from .errors import FetchFailed
from .exchange import Exchanger, has_preference, require_http, retry_after_s
from .releases import Held, Sealed

POLICY_PATH = "/api/v1/policy"
OUTCOMES_PATH = "/api/v1/outcomes"
STATUS_PATH = "/api/v1/status"
JWKS_PATH = "/.well-known/jwks.json"
LONGEST_AGE = 9  # digits, of seconds

Receipt = Mapping[str, object]


@dataclass(frozen=True)
class Fetched:
    """The release in force, None when it is the one that was named; whether the server held the
    request for a new one; and how long it asks to wait before the next, in s.

    `cut_off_s` is for how long the server knows nothing new, None where it does not say so.
    """

    sealed: Sealed | None
    held: bool = False
    retry_after_s: float = 0.0
    cut_off_s: float | None = None


class Transport:
    """The console at one address, spoken to with the token that `token` gives each time."""

    tries = 1

    def __init__(
        self, url: str, token: Callable[[], str], http: Exchanger, *, jwks_url: str = ""
    ) -> None:
        base = url.rstrip("/").removesuffix(POLICY_PATH)
        for address in (base, jwks_url or base):
            require_http(address)
        origin = urllib.parse.urlsplit(base)
        self.base = base
        self.jwks_url = jwks_url or f"{origin.scheme}://{origin.netloc}{JWKS_PATH}"
        self._token = token
        self._http = http

    def fetch_policy(self, held: Held | None, *, wait_s: float = 0.0) -> Fetched:
        """The release in force. `wait_s` asks the console to hold the request so long if it is
        the one held; it may not do so. Raises ClientError.
        """
        headers = {"Accept-Encoding": "gzip"}
        held_s = 0.0
        if held is not None:
            headers["If-None-Match"] = held.release.etag
            held_s = float(int(wait_s))
        if held_s:
            headers["Prefer"] = f"wait={int(held_s)}"
        ask = Ask("GET", self.base + POLICY_PATH, headers, RELEASE)
        reply = self._authorized(ask, held_s=held_s)
        sealed = None
        if reply.status != 304:
            sealed = Sealed(reply.body, reply.headers.get("Policy-Signature", ""))
        wish = retry_after_s(reply.headers.get("Retry-After"))
        return Fetched(sealed, has_preference(reply.headers, "wait"), wish, _cut_off_s(reply))

    def fetch_keys(self) -> bytes:
        """The console's JWK Set, past any cache; sent without the token."""
        ask = Ask("GET", self.jwks_url, {"Cache-Control": "no-cache"}, KEY_SET)
        return self._http.exchange(ask).body

    def post_outcomes(self, events: Sequence[str]) -> Receipt:
        """Report a batch of events, each as JSON text; gives the receipt. Raises ClientError."""
        packed = gzip.compress(f"[{','.join(events)}]".encode(), 6)
        headers = {"Content-Encoding": "gzip"}
        return self._post(OUTCOMES_PATH, packed, headers, ("accepted", "duplicates"))

    def post_status(self, report: bytes) -> Receipt:
        """Report how this router is; gives the receipt. Raises ClientError."""
        return self._post(STATUS_PATH, report, {}, ("interval_s",))

    def _post(
        self, path: str, body: bytes, headers: Mapping[str, str], counts: Sequence[str]
    ) -> Receipt:
        """`counts` are the whole numbers by which a receipt of the console is known. What has none
        was answered by somebody else, and took nothing.
        """
        headers = {"Content-Type": "application/json", **headers}
        reply = self._authorized(Ask("POST", self.base + path, headers, RECEIPT, body))
        try:
            receipt = RECEIPT.load(reply.body)
        except DocumentError:
            receipt = None
        told = receipt if isinstance(receipt, dict) else {}
        if any(type(told.get(name)) is not int for name in counts):
            raise FetchFailed(
                f"{self.base + path} answers {reply.status} {reply.reason} without a receipt: "
                "something else, such as a page to sign in at, may answer in the console's place.",
                status=reply.status,
            )
        return told

    def _authorized(self, ask: Ask, *, held_s: float = 0.0) -> Reply:
        """Exchange with the token; once more when it was refused and another has come since."""
        token = self._token()
        try:
            return self._http.exchange(_with_token(ask, token), held_s=held_s)
        except FetchFailed as refused:
            if refused.status != 401:
                raise
            renewed = self._token()
            if renewed == token:
                raise
        return self._http.exchange(_with_token(ask, renewed), held_s=held_s)


def _cut_off_s(reply: Reply) -> float | None:
    """The age of an answer from a plane's memory."""
    if reply.headers.get("Routing-Console-Source") != "memory":
        return None
    age = reply.headers.get("Age", "")
    return float(age) if age.isdecimal() and len(age) <= LONGEST_AGE else 0.0


def _with_token(ask: Ask, token: str) -> Ask:
    return replace(ask, headers={**ask.headers, "Authorization": f"Bearer {token}"})
