"""One HTTP/1.1 connection, kept alive between exchanges and opened anew when it went stale."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.message import Message

from .bounds import PROBLEM, Bound
from .deadlines import Deadline, TimedSocket, connected
from .errors import AnswerTooLarge, FetchFailed

# A kept connection that breaks this soon had been closed by the other side while idle.
STALE_WITHIN_S = 1.0

Origin = tuple[str, str, int]  # scheme, host, port


@dataclass(frozen=True)
class Ask:
    """A request to an absolute http or https address, and how much is taken of a good answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    bound: Bound
    body: bytes | None = None


@dataclass(frozen=True)
class Reply:
    """What came back, body as sent; that of an error is empty where it is too large."""

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def is_good(self) -> bool:
        return self.status < 300


class Connection:
    """Used by one thread at a time; `interrupt` may come from another. Follows no redirect."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._origin: Origin | None = None
        self._raw: socket.socket | None = None
        self.interrupted = False

    def exchange(self, ask: Ask, deadline: Deadline) -> Reply:
        """The answer, whatever its status. Raises OSError, HTTPException or FetchFailed."""
        self.interrupted = False
        origin = _origin_of(ask.url)
        if origin != self._origin:
            self.drop()
        reused, began = self._raw is not None, time.monotonic()
        try:
            return self._once(ask, origin, deadline)
        except ConnectionError:
            if not reused or time.monotonic() - began > STALE_WITHIN_S:
                raise
        return self._once(ask, origin, deadline)

    def interrupt(self) -> None:
        """End an exchange that another thread waits in; it fails there with an error."""
        self.interrupted = True
        raw = self._raw
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Close; the next exchange opens anew."""
        raw, self._raw, self._origin = self._raw, None, None
        if raw is not None:
            raw.close()

    def __del__(self) -> None:
        self.drop()

    def _once(self, ask: Ask, origin: Origin, deadline: Deadline) -> Reply:
        keep = False
        try:
            if self._raw is None:
                self._open(origin, deadline)
            assert self._raw is not None  # noqa: S101 - just opened
            response = self._request(ask, origin, TimedSocket(self._raw, deadline))
            reply, is_whole = _read(response, ask.bound)
            keep = is_whole and not response.will_close
            return reply
        finally:
            if not keep:
                self.drop()

    def _request(self, ask: Ask, origin: Origin, stream: TimedSocket) -> http.client.HTTPResponse:
        parts = urllib.parse.urlsplit(ask.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc.rpartition("@")[2], **ask.headers}
        proxy = _proxy_for(origin)
        if proxy is not None and origin[0] == "http":
            target = ask.url
            headers |= _proxy_authorization(proxy)
        client = http.client.HTTPConnection(origin[1], origin[2])
        client.sock = stream
        client.request(ask.method, target, body=ask.body, headers=headers)
        return client.getresponse()

    def _open(self, origin: Origin, deadline: Deadline) -> None:
        scheme, host, port = origin
        proxy = _proxy_for(origin)
        if proxy is None:
            self._raw = connected(host, port, deadline)
        else:
            self._raw = connected(proxy.hostname or "", proxy.port or 80, deadline)
        self._origin = origin
        if scheme == "https":
            if proxy is not None:
                _tunnel(self._raw, proxy, host, port, deadline)
            self._raw.settimeout(deadline.left())
            self._raw = self._tls.wrap_socket(self._raw, server_hostname=host)


def _origin_of(url: str) -> Origin:
    parts = urllib.parse.urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def _proxy_for(origin: Origin) -> urllib.parse.SplitResult | None:
    """The proxy that the environment names for this origin (`https_proxy` and so on)."""
    scheme, host, port = origin
    address = urllib.request.getproxies().get(scheme)
    if not address or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http":
        raise FetchFailed(f"The proxy {proxy.hostname} is spoken to over http only.")
    return proxy


def _proxy_authorization(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user, password = (urllib.parse.unquote(part or "") for part in (proxy.username, proxy.password))
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return {"Proxy-Authorization": f"Basic {encoded}"}


def _tunnel(
    raw: socket.socket,
    proxy: urllib.parse.SplitResult,
    host: str,
    port: int,
    deadline: Deadline,
) -> None:
    """Have the proxy connect us through (RFC 9110, 9.3.6)."""
    there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields = {"Host": there, **_proxy_authorization(proxy)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    stream = TimedSocket(raw, deadline)
    stream.sendall(f"CONNECT {there} HTTP/1.1\r\n{lines}\r\n".encode("ascii"))
    response = http.client.HTTPResponse(stream, method="CONNECT")  # type: ignore[arg-type]
    response.begin()
    if response.status != 200:
        raise OSError(f"the proxy answers {response.status} {response.reason}")


def _read(response: http.client.HTTPResponse, bound: Bound) -> tuple[Reply, bool]:
    """The reply, and whether its body was read to the end."""
    reply = Reply(response.status, response.reason, response.headers, b"")
    most = (bound if reply.is_good else PROBLEM).most_bytes
    body = _read_up_to(most + 1, response)
    if len(body) <= most:
        return replace(reply, body=body), True
    if reply.is_good:
        raise AnswerTooLarge(f"The answer is larger than {most} bytes.")
    return reply, False


def _read_up_to(most: int, response: http.client.HTTPResponse) -> bytes:
    chunks, left = [], most
    while left and (chunk := response.read(min(left, 256 * 1024))):
        chunks.append(chunk)
        left -= len(chunk)
    if left and response.length:
        raise FetchFailed("The answer is cut short.")
    return b"".join(chunks)
