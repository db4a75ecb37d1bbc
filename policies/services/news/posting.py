"""One POST to a webhook's receiver: bounded in time and size, and never into our own network."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from policies.notifications.addresses import is_public, url_problems

CONNECT_LIMIT_S = 5.0
# From the first byte to the last: a receiver that answers a byte at a time is cut off too.
WHOLE_LIMIT_S = 15.0
EXCERPT_BYTES = 1024
MOST_ADDRESSES = 3


class Unreachable(Exception):
    """No connection was tried, or none could be made; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is None when no answer came; `error` is empty for a success."""

    status: int | None
    latency_ms: int
    excerpt: str
    error: str


def post(url: str, headers: dict[str, str], body: bytes, *, allow_private: bool) -> Answer:
    """Send the body and read the start of the answer. Redirects are not followed; never raises."""
    started = time.monotonic()
    status, excerpt, error = None, "", ""
    try:
        problems = url_problems(url, allow_private=allow_private)
        if problems:
            raise Unreachable(" ".join(problems))
        status, excerpt = _exchange(url, headers, body, allow_private)
        error = _complaint(status)
    except Unreachable as unreachable:
        error = str(unreachable)
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        # ValueError: what a TLS socket says when it was shut down under a read.
        late = time.monotonic() - started >= WHOLE_LIMIT_S
        why = str(trouble) or type(trouble).__name__
        error = f"No answer within {WHOLE_LIMIT_S:.0f} s." if late else f"No answer: {why}"
    latency_ms = round((time.monotonic() - started) * 1000)
    return Answer(status, latency_ms, excerpt, error[:300])


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"Answered {status}: redirects are not followed; use the address it leads to."
    return f"Answered {status}."


def _exchange(
    url: str, headers: dict[str, str], body: bytes, allow_private: bool
) -> tuple[int, str]:
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    addresses = _resolve(host, port, allow_private)
    connection: Pinned = (PinnedTLS if is_tls else Pinned)(host, port, addresses)
    limit = threading.Timer(WHOLE_LIMIT_S, connection.cut_off)
    limit.daemon = True
    limit.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        return answer.status, _readable(_start_of(answer))
    finally:
        limit.cancel()
        connection.close()


def _start_of(answer: http.client.HTTPResponse) -> bytes:
    """What came of the body until it was cut off: the status has said what there is to say."""
    start = b""
    try:
        while len(start) < EXCERPT_BYTES and (part := answer.read1(EXCERPT_BYTES - len(start))):
            start += part
    except (OSError, http.client.HTTPException, ValueError):
        pass
    return start


def _readable(raw: bytes) -> str:
    """Text that every database keeps; control characters other than line breaks become spaces."""
    text = raw.decode("utf-8", errors="replace")
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text).strip()


def _resolve(host: str, port: int, allow_private: bool) -> list[Any]:
    """The addresses to connect to, looked up once.

    A name that changes its address after the check cannot lead elsewhere, as the connection goes
    to the very address that was checked. One private address among several refuses them all.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} is not a known name ({error}).") from None
    addresses = [address for *_, address in found]
    private = [address[0] for address in addresses if not is_public(str(address[0]))]
    if private and not allow_private:
        raise Unreachable(f"{host} leads to {private[0]}, which is not a public address.")
    return addresses[:MOST_ADDRESSES]


class Pinned(http.client.HTTPConnection):
    """A connection to the first of these addresses that takes it, whatever the name says by now."""

    def __init__(self, host: str, port: int, addresses: list[Any]) -> None:
        super().__init__(host, port, timeout=CONNECT_LIMIT_S)
        self.addresses = addresses
        # Its own hold on the socket: http.client lets go of its one while an answer without a
        # length is still being read.
        self.held: socket.socket | None = None

    def connect(self) -> None:
        self.sock = self.held = self._first_that_answers()
        self.sock.settimeout(WHOLE_LIMIT_S)

    def _first_that_answers(self) -> socket.socket:
        *others, last = self.addresses
        for address in others:
            try:
                return socket.create_connection(address[:2], CONNECT_LIMIT_S)
            except OSError:
                continue
        return socket.create_connection(last[:2], CONNECT_LIMIT_S)

    def cut_off(self) -> None:
        """End the exchange from another thread, whatever it waits for."""
        if self.held is not None:
            try:
                self.held.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended already


class PinnedTLS(Pinned):
    """The same with TLS: the certificate must be the host's, not the address's."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        self.sock = self.held = context.wrap_socket(self.sock, server_hostname=self.host)
