"""Connections of clients: bounded in size, time, number and memory, with keep-alive."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from .http import Answer, Asked, Head, Refusal, Respond, framed, parse_head, problem

# After a refusal the rest of what the client sends is let run out, or it would see a reset
# connection instead of the answer.
LINGER_S = 2.0


@dataclass(frozen=True)
class Limits:
    """What one client may take; sizes in bytes, times in s."""

    head: int = 16 * 1024
    body: int = 4 * 1024 * 1024
    # Of all bodies together that are larger than `small_body`, so that they cannot fill memory.
    bodies: int = 64 * 1024 * 1024
    small_body: int = 64 * 1024
    connections: int = 512
    # Apart from those: all together stay below the 1,024 files that a process may often open.
    probe_connections: int = 64
    arrival_s: float = 10.0  # from the first byte of a request to its last
    idle_s: float = 75.0  # between requests, and for an answer to be taken


class Gathering:
    """All connections of a sidecar: their number, their memory, and the clock over them."""

    def __init__(self, respond: Respond, limits: Limits) -> None:
        self.respond = respond
        self.limits = limits
        self.connections: set[Connection] = set()
        self.large_bodies = 0
        self.closing = False

    def sweep(self) -> None:
        """Close connections whose time is over. To be called about twice a second."""
        now = time.monotonic()
        for connection in list(self.connections):
            connection.close_if_late(now)

    def close_idle(self) -> None:
        """Answer no new requests on connections; whoever is sending one may finish it."""
        self.closing = True
        for connection in list(self.connections):
            connection.close_if_idle()


class Connection(asyncio.Protocol):
    """One client. Requests are answered in their order, one per turn of the loop."""

    def __init__(self, gathering: Gathering, hosts: frozenset[str] | None) -> None:
        """`hosts`: names that the `Host` field may hold, None for any."""
        self._all = gathering
        self._limits = gathering.limits
        self._hosts = hosts
        self._received = bytearray()
        self._head: Head | None = None
        self._reserved = 0
        self._deadline = time.monotonic() + self._limits.arrival_s
        self._is_full = False
        self._is_over = False
        self._turn: asyncio.Handle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("A stream transport is needed.")
        self._transport = transport
        if len(self._all.connections) >= self._limits.connections:
            # Not even for a moment may it stay: it would hold a file, of which there are too few.
            full = problem(503, "Too many connections.", headers={"Retry-After": "1"})
            transport.write(framed(full, with_body=True, stays=False))
            transport.abort()
            return
        self._all.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.connections.discard(self)
        self._release_memory()
        if self._turn is not None:
            self._turn.cancel()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if not self._received and self._head is None:
            self._deadline = time.monotonic() + self._limits.arrival_s
        self._received += data
        if self._turn is None and not self._is_full:
            self._advance()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        """The client does not take its answers: read no more of it, and not for long."""
        self._is_full = True
        self._transport.pause_reading()
        self._deadline = time.monotonic() + self._limits.idle_s

    def resume_writing(self) -> None:
        self._is_full = False
        if self._turn is None:
            self._advance()

    def close_if_late(self, now: float) -> None:
        """End it when its deadline is over; `now` as `time.monotonic()` has it."""
        if now <= self._deadline:
            return
        is_asking = bool(self._received) or self._head is not None
        if is_asking and not self._is_full and not self._is_over:
            late = f"The request did not arrive within {self._limits.arrival_s:g} s."
            self._end_with(problem(408, late))
        else:
            # Closing would wait, for ever, for a client that leaves an answer in our hands.
            self._transport.abort()

    def close_if_idle(self) -> None:
        """Close it unless a request is on its way."""
        if not self._received and self._head is None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once."""
        self._transport.abort()

    def _advance(self) -> None:
        """Answer the next request if all of it is here."""
        self._turn = None
        if self._is_over:
            return
        try:
            if self._head is None:
                self._head = self._read_head()
            head = self._head
            if head is None or len(self._received) < head.length:
                self._transport.resume_reading()
                return
        except Refusal as error:
            self._end_with(problem(error.status, str(error)))
            return
        body = bytes(self._received[: head.length])
        del self._received[: head.length]
        self._head = None
        self._release_memory()
        asked = Asked(head.method, head.path, head.headers, body)
        self._deadline = time.monotonic() + self._limits.idle_s
        self._send(self._all.respond(asked), head)
        if self._received and not self._is_full:
            # Others are heard first, and no more is read of one that sends many requests at once.
            self._transport.pause_reading()
            self._turn = asyncio.get_running_loop().call_soon(self._advance)

    def _read_head(self) -> Head | None:
        while self._received.startswith(b"\r\n"):
            del self._received[:2]
        end = self._received.find(b"\r\n\r\n", 0, self._limits.head)
        if end < 0:
            if len(self._received) >= self._limits.head:
                raise Refusal(431, f"The headers are larger than {self._limits.head} bytes.")
            return None
        head = parse_head(bytes(self._received[:end]))
        del self._received[: end + 4]
        self._require_known_host(head)
        if head.length > self._limits.body:
            raise Refusal(413, f"The body is larger than {self._limits.body} bytes.")
        self._reserve(head.length)
        if head.headers.get("expect", "").lower() == "100-continue" and not self._received:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head

    def _require_known_host(self, head: Head) -> None:
        """A page in a browser can point its own name at this machine, but not change `Host`."""
        host = head.headers.get("host", "").rpartition("]")
        name = host[0] + host[1] if host[1] else host[2].partition(":")[0]
        if self._hosts is not None and name.lower() not in self._hosts:
            raise Refusal(421, "The Host field must name this machine, for instance localhost.")

    def _reserve(self, length: int) -> None:
        if length <= self._limits.small_body:
            return
        if self._all.large_bodies + length > self._limits.bodies:
            raise Refusal(503, "Too many large requests at once; try again.")
        self._all.large_bodies += length
        self._reserved = length

    def _release_memory(self) -> None:
        self._all.large_bodies -= self._reserved
        self._reserved = 0

    def _send(self, answer: Answer, head: Head) -> None:
        stays = head.keeps_alive and not self._all.closing
        self._transport.write(framed(answer, with_body=head.method != "HEAD", stays=stays))
        if not stays:
            self._end()

    def _end_with(self, answer: Answer) -> None:
        self._transport.write(framed(answer, with_body=True, stays=False))
        self._end()

    def _end(self) -> None:
        """Send no more; what still arrives is thrown away until the client closes."""
        self._is_over = True
        self._transport.resume_reading()
        self._received.clear()
        self._head = None
        self._release_memory()
        self._deadline = time.monotonic() + LINGER_S
        if self._transport.can_write_eof():
            self._transport.write_eof()
