"""Sockets whose every wait ends: after a silence, and at a deadline however the bytes trickle."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SENT_AT_ONCE = 16 * 1024


@dataclass(frozen=True)
class Deadline:
    """The end of an exchange (`time.monotonic()`), and the longest silence within it, in s."""

    at: float
    silence_s: float

    @classmethod
    def within(cls, seconds: float, silence_s: float) -> Deadline:
        return cls(time.monotonic() + seconds, silence_s)

    def left(self) -> float:
        """How long the next wait may be; raises TimeoutError once the time is over."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long to arrive")
        return min(left, self.silence_s)


class TimedSocket:
    """What `http.client` needs of a socket, each single wait held to the deadline.

    Closing is the owner's business, by `drop`: `http.client` closes at the end of each answer.
    """

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._raw, self._deadline))

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._raw.settimeout(self._deadline.left())
            view = view[self._raw.send(view[:SENT_AT_ONCE]) :]

    def close(self) -> None:
        """Nothing: the connection may be kept."""


class _Incoming(io.RawIOBase):
    """Bytes as they arrive. The standard library's reader sets no deadline, only a silence."""

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._raw.settimeout(self._deadline.left())
        return self._raw.recv_into(buffer)


def connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A TCP connection to the first of the host's addresses that answers; raises OSError."""
    error: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(deadline.left())
            raw.connect(address)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failure:
            raw.close()
            error = failure
        else:
            return raw
    raise error
