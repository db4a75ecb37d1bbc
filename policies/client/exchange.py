"""Exchanges with one console: a kept connection for each thread, bounded in size and time."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import re
import ssl
import threading
import time
import urllib.parse
import zlib
from collections.abc import Mapping
from dataclasses import replace
from email.message import Message
from pathlib import Path

from ..engine import DocumentError
from .bounds import PROBLEM, Bound
from .connection import Ask, Connection, Reply
from .deadlines import Deadline
from .errors import AnswerTooLarge, ClientError, FetchFailed, Interrupted
from .version import VERSION

USER_AGENT = f"routing-console-client/{VERSION}"
LONGEST_WAIT_S = 3600.0
PROBLEM_TYPE = "application/problem+json"
# The whole of an exchange may take so many times the longest silence.
PATIENCE = 6
# The one form that is sent today (RFC 9110, 5.6.7). What else the standard library would read as a
# date raises whatever it trips over.
_HTTP_DATE = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)


class Exchanger:
    """Sends and receives. `timeout_s` is the longest silence; an exchange takes at most six times
    that, beside what the server was asked to hold it. `ca_file` names the authorities to trust
    instead of the system's. Thread-safe.
    """

    def __init__(self, *, timeout_s: float = 10.0, ca_file: str | Path | None = None) -> None:
        self._timeout_s = timeout_s
        try:
            self._tls = ssl.create_default_context(cafile=ca_file and str(ca_file))
        except OSError as error:
            raise ClientError(f"The authorities in {ca_file} cannot be read: {error}") from None
        self._connections: dict[int, Connection] = {}

    @property
    def longest_s(self) -> float:
        """The most that an exchange takes that the server is not asked to hold."""
        return PATIENCE * self._timeout_s

    def exchange(self, ask: Ask, *, held_s: float = 0.0) -> Reply:
        """The answer with its body unpacked, its status below 300, or 304 where that was asked for;
        raises FetchFailed.

        `held_s` is how long the server was asked to hold it.
        """
        silence = self._timeout_s + held_s
        deadline = Deadline.within(self.longest_s + held_s, silence)
        connection = self._connections.setdefault(threading.get_ident(), Connection(self._tls))
        ask = replace(ask, headers={"User-Agent": USER_AGENT, **ask.headers})
        try:
            reply = connection.exchange(ask, deadline)
        except (OSError, http.client.HTTPException) as error:
            if connection.interrupted:
                raise Interrupted("The client is closing.") from None
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise FetchFailed(f"{ask.url} cannot be reached: {reason}") from None
        if connection.interrupted:
            # A body without a length ends where the connection does, also when we end it.
            raise Interrupted("The client is closing.")
        if reply.status == 304 and "If-None-Match" in ask.headers:
            return reply
        if not reply.is_good:
            raise _failure(ask.url, reply)
        return replace(reply, body=_unpacked(reply, ask.bound))

    def interrupt(self, thread: int | None) -> None:
        """End the exchange that this thread waits in."""
        connection = self._connections.get(thread or 0)
        if connection is not None:
            connection.interrupt()

    def after_fork(self) -> None:
        """Leave the parent's connections to the parent; closing here ends nothing there."""
        inherited, self._connections = self._connections, {}
        for connection in inherited.values():
            connection.drop()


def require_http(address: str) -> None:
    """Raises ClientError for what is no http or https address."""
    parts = urllib.parse.urlsplit(address)
    is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
    if not is_web or not is_one_word(address):
        raise ClientError(f"{address!r} is not an http or https address.")


def is_one_word(text: str) -> bool:
    """Printable ASCII without blanks: fit for a request line and for a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def retry_after_s(value: str | None) -> float:
    """Seconds that a `Retry-After` field asks for (delay or date), at most an hour; else 0."""
    text = (value or "").strip()
    wish = 0.0
    if text.isdecimal():
        wish = float(text)
    elif _HTTP_DATE.fullmatch(text):
        with contextlib.suppress(ValueError):  # such as the 31st of February
            wish = _seconds_until(text)
    return min(max(wish, 0.0), LONGEST_WAIT_S)


def _seconds_until(date: str) -> float:
    return email.utils.parsedate_to_datetime(date).timestamp() - time.time()


def _unpacked(reply: Reply, bound: Bound) -> bytes:
    coding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return reply.body
    if coding != "gzip":
        raise FetchFailed(f"The answer is packed as {coding!r}, which was not asked for.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(reply.body, bound.most_bytes + 1)
    except zlib.error as error:
        raise FetchFailed(f"The answer cannot be unpacked: {error}") from None
    if len(unpacked) > bound.most_bytes:
        raise AnswerTooLarge(f"The answer is larger than {bound.most_bytes} bytes, unpacked.")
    if not unpacker.eof:
        raise FetchFailed("The answer is cut short.")
    return unpacked


def _failure(url: str, reply: Reply) -> FetchFailed:
    sentence = f"{url} answers {reply.status} {reply.reason}"
    if reply.status == 304:
        sentence += " to a request without an entity tag; a cache in between is broken"
    detail = _detail_of(reply)
    if detail:
        sentence += f": {detail[:300]}"
    wish = retry_after_s(reply.headers.get("Retry-After"))
    is_problem = reply.headers.get_content_type() == PROBLEM_TYPE
    return FetchFailed(sentence, status=reply.status, retry_after_s=wish, is_problem=is_problem)


def _detail_of(reply: Reply) -> str:
    """What a problem document (RFC 9457) says, if the answer is one."""
    try:
        problem = PROBLEM.load(_unpacked(reply, PROBLEM))
    except (DocumentError, FetchFailed):
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return detail if isinstance(detail, str) and detail.isprintable() else ""


def has_preference(headers: Message | Mapping[str, str], name: str) -> bool:
    """Whether `Preference-Applied` (RFC 7240) names this preference."""
    applied = headers.get("Preference-Applied") or ""
    return any(part.strip().partition("=")[0].lower() == name for part in applied.split(","))
