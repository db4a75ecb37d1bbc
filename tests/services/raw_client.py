"""A client that writes to the socket itself, and a front with a plane for it to write to."""

from __future__ import annotations

import dataclasses
import math
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from policies.delivery.answering import POLICY_PATH
from policies.delivery.answers import READ, KnownToken, VerifiedRelease
from policies.delivery.holdings import HeldRelease, Holdings
from policies.delivery.memory import token_key
from policies.delivery.plane import Plane
from routing_console.front.application import Front
from routing_console.front.direct import Direct
from tests.services.front_server import FrontServer

LIMIT_S = 20
FIRST = VerifiedRelease.of(b'{"release":1}' * 3000, '"one.1.9"', "a..a")
SECOND = VerifiedRelease.of(b'{"release":2}' * 3000, '"two.2.9"', "b..b")
HOLDINGS = Holdings(
    tokens={token_key(b"rcr_a"): KnownToken(1, 7, frozenset({READ}), math.inf)},
    releases={7: HeldRelease(70, FIRST.signature, FIRST)},
)
PUBLISHED = dataclasses.replace(HOLDINGS, releases={7: HeldRelease(71, SECOND.signature, SECOND)})
CURRENT = 'If-None-Match: "one.1.9"'
SLOWLY = "Content-Length: 0"  # a poll that is written in an unusual way is answered by the plane


@dataclass(frozen=True)
class Answer:
    """One answer as it stood on the wire; `headers` in their order, names as sent."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.line.split()[1])

    @property
    def undated(self) -> tuple[str, list[tuple[str, str]], bytes]:
        return self.line, [pair for pair in self.headers if pair[0] != "date"], self.body


class Client:
    """A socket, and the answers read from it."""

    def __init__(self, server: FrontServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_S)
        self._unread = b""

    def send(self, *lines: str) -> None:
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def poll(self, *lines: str, version: str = "1.1") -> None:
        first = f"GET {POLICY_PATH} HTTP/{version}"
        self.send(first, "Host: localhost", "Authorization: Bearer rcr_a", *lines)

    def read(self) -> Answer:
        head = self._until(b"\r\n\r\n").decode()
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = [(n, v) for n, _, v in (field.partition(": ") for field in fields)]
        length = int(dict(headers).get("content-length", 0)) if " 304 " not in line else 0
        while len(self._unread) < length:
            self._receive()
        body, self._unread = self._unread[:length], self._unread[length:]
        return Answer(line, headers, body)

    def is_closed_within(self, seconds: float) -> bool:
        self.socket.settimeout(seconds)
        try:
            return not self._unread and not self.socket.recv(1)
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.socket.close()

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._receive()
        found, _, self._unread = self._unread.partition(end)
        return found + end

    def _receive(self) -> None:
        received = self.socket.recv(65536)
        assert received, f"closed after {self._unread[:200]!r}"
        self._unread += received


def page(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/headers":
        body = " ".join(sorted(name for name in environ if name.startswith("HTTP_"))).encode()
    elif environ["PATH_INFO"] == "/large":
        body = b"x" * 900_000
    else:
        time.sleep(0.5 * (environ["PATH_INFO"] == "/slow"))
        body = b"page"
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def front_of(plane: Plane) -> Front:
    quick = {POLICY_PATH.encode(): plane}
    return Front(page, Direct({POLICY_PATH: plane}, quick=quick), problems=dict)


def plane_of(server: FrontServer) -> Plane:
    plane = server.front.direct.applications[POLICY_PATH]
    assert isinstance(plane, Plane)
    return plane


@contextmanager
def connected(server: FrontServer) -> Iterator[Client]:
    client = Client(server)
    try:
        yield client
    finally:
        client.close()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
