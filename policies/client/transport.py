"""HTTP to the console: standard library, no redirects, bounded in size and time."""

from __future__ import annotations

import email.utils
import gzip
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any

from ..engine import DocumentError, load_json
from .errors import ClientError, FetchFailed
from .releases import Sealed
from .version import VERSION

POLICY_PATH = "/api/v1/policy"
OUTCOMES_PATH = "/api/v1/outcomes"
JWKS_PATH = "/.well-known/jwks.json"
USER_AGENT = f"routing-console-client/{VERSION}"
LARGEST_BODY = 64 * 1024 * 1024
LARGEST_PROBLEM = 64 * 1024
LONGEST_WAIT_S = 3600.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token, or the trust in keys, to another place."""

    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        return None


class Transport:
    """The console at one address, spoken to with one token."""

    def __init__(
        self, url: str, token: str, *, jwks_url: str = "", timeout_s: float = 10.0
    ) -> None:
        base = url.rstrip("/").removesuffix(POLICY_PATH)
        for address in (base, jwks_url or base):
            _require_http(address)
        if not _is_one_word(token):
            raise ClientError("The token must be given as it was shown: one word, no blanks.")
        origin = urllib.parse.urlsplit(base)
        self.base = base
        self.jwks_url = jwks_url or f"{origin.scheme}://{origin.netloc}{JWKS_PATH}"
        self._authorization = f"Bearer {token}"
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirects)

    def fetch_policy(self, etag: str) -> Sealed | None:
        """The release in force, or None when it is the one with this entity tag."""
        headers = {"Authorization": self._authorization, "Accept-Encoding": "gzip"}
        if etag:
            headers["If-None-Match"] = etag
        status, answered, body = self._exchange(self.base + POLICY_PATH, headers)
        if status == 304 and not etag:
            raise FetchFailed(
                f"{self.base}{POLICY_PATH} answers 304 Not Modified to a request without an entity "
                "tag; a cache in between is broken",
                status=status,
            )
        if status == 304:
            return None
        return Sealed(body, answered.get("Policy-Signature", ""), answered.get("ETag", ""))

    def fetch_keys(self) -> bytes:
        """The console's JWK Set, past any cache; sent without the token."""
        return self._exchange(self.jwks_url, {"Cache-Control": "no-cache"})[2]

    def post_outcomes(self, events: Sequence[str]) -> object:
        """Report a batch of events, each as JSON text; its receipt, None if unreadable."""
        packed = gzip.compress(f"[{','.join(events)}]".encode(), 6)
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        _, _, body = self._exchange(self.base + OUTCOMES_PATH, headers, packed)
        try:
            return load_json(body)
        except DocumentError:
            return None

    def _exchange(
        self, url: str, headers: Mapping[str, str], data: bytes | None = None
    ) -> tuple[int, Message, bytes]:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked at the start
            url, data=data, headers={"User-Agent": USER_AGENT, **headers}
        )
        deadline = time.monotonic() + 6 * self._timeout_s
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                body = _read_all(response, deadline)
                return response.status, response.headers, _unpacked(response.headers, body)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    return 304, error.headers, b""
                raise _failure(url, error) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise FetchFailed(f"{url} cannot be reached: {reason}") from None


def _require_http(address: str) -> None:
    parts = urllib.parse.urlsplit(address)
    is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
    if not is_web or not _is_one_word(address):
        raise ClientError(f"{address!r} is not an http or https address.")


def _is_one_word(text: str) -> bool:
    """Printable ASCII without blanks: fit for a request line and for a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _read_all(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body as sent. The opener's timeout holds for each read alone, the deadline for all."""
    chunks, size = [], 0
    while chunk := response.read(256 * 1024):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_BODY:
            raise FetchFailed(f"The answer is larger than {LARGEST_BODY} bytes.")
        if time.monotonic() > deadline:
            raise FetchFailed("The answer takes too long to arrive.")
    if response.length:
        raise FetchFailed("The answer is cut short.")
    return b"".join(chunks)


def _unpacked(headers: Message, body: bytes) -> bytes:
    coding = headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return body
    if coding != "gzip":
        raise FetchFailed(f"The answer is packed as {coding!r}, which was not asked for.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise FetchFailed(f"The answer cannot be unpacked: {error}") from None
    if not unpacker.eof:
        raise FetchFailed("The answer is cut short, or larger than allowed.")
    return unpacked


def _failure(url: str, error: urllib.error.HTTPError) -> FetchFailed:
    sentence = f"{url} answers {error.code} {error.reason}"
    try:
        problem = load_json(error.read(LARGEST_PROBLEM))
    except (DocumentError, OSError, http.client.HTTPException):
        problem = None
    detail = problem.get("detail") if isinstance(problem, dict) else None
    if isinstance(detail, str) and detail.isprintable():
        sentence += f": {detail[:300]}"
    wish = retry_after_s(error.headers.get("Retry-After"))
    return FetchFailed(sentence, status=error.code, retry_after_s=wish)


def retry_after_s(value: str | None) -> float:
    """Seconds that a `Retry-After` field asks for (delay or date), at most an hour; else 0."""
    if not value:
        return 0.0
    try:
        wish = float(value) if value.strip().isdigit() else _seconds_until(value)
    except (TypeError, ValueError):
        return 0.0
    return min(max(wish, 0.0), LONGEST_WAIT_S)


def _seconds_until(date: str) -> float:
    return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
