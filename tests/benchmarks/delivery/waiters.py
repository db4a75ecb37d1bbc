"""Many routers that wait on one connection each, in one process; none of them parses more than it
must, so that the load costs less than the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

CONNECT_AT_ONCE = 200
LIMIT_S = 60.0


class Waiting(asyncio.Protocol):
    """One router: sends a request, and notes when the last byte of the answer is there."""

    __slots__ = ("_done", "_head", "_left", "_transport", "answered_at", "status", "validators")

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._head, self._left = b"", -1
        self.status, self.answered_at = 0, 0.0
        self.validators: dict[bytes, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, request: bytes) -> None:
        self.status = 0
        self._transport.write(request)  # type: ignore[attr-defined]

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._read(head)
        self._left -= len(data)
        if self._left <= 0:
            self._head, self._left = b"", -1
            self.answered_at = time.perf_counter()
            self._done()

    def _read(self, head: bytes) -> None:
        status, *lines = head.split(b"\r\n")
        self.status = int(status[9:12])
        pairs = (line.partition(b": ") for line in lines)
        fields = {name.lower(): value for name, _, value in pairs}
        self._left = int(fields.get(b"content-length", b"0")) if self.status == 200 else 0
        names = {b"etag": b"If-None-Match", b"last-modified": b"If-Modified-Since"}
        self.validators = {names[name]: fields[name] for name in names if name in fields}


class Fleet:
    """Routers spread evenly over addresses (host, port, path) and tokens."""

    def __init__(self, places: Sequence[tuple[str, int, str]], tokens: Sequence[str]) -> None:
        self._places, self._tokens = places, tokens
        self.routers: list[Waiting] = []
        self._answered = 0
        self._all_answered = asyncio.Event()

    async def connect(self, count: int) -> None:
        """Connect so many, and fetch what is in force once each."""
        loop = asyncio.get_running_loop()
        for start in range(0, count, CONNECT_AT_ONCE):
            batch = range(start, min(start + CONNECT_AT_ONCE, count))
            made = [
                loop.create_connection(lambda: Waiting(self._note), *self._place(number)[:2])
                for number in batch
            ]
            self.routers += [router for _, router in await asyncio.gather(*made)]
            self._answered, self._all_answered = 0, asyncio.Event()
            self._expected = len(batch)
            for number in batch:
                self.routers[number].ask(self._request(number, held=False))
            await asyncio.wait_for(self._all_answered.wait(), LIMIT_S)

    def arm(self) -> None:
        """Let all ask again, with what they have, and wait."""
        self._answered, self._all_answered = 0, asyncio.Event()
        self._expected = len(self.routers)
        for number, router in enumerate(self.routers):
            router.ask(self._request(number, held=True))

    async def all_answered(self) -> list[float]:
        """When each had all of its answer (`time.perf_counter`), in order."""
        await asyncio.wait_for(self._all_answered.wait(), LIMIT_S)
        return sorted(router.answered_at for router in self.routers)

    def close(self) -> None:
        for router in self.routers:
            router.close()

    def _place(self, number: int) -> tuple[str, int, str]:
        return self._places[number % len(self._places)]

    def _request(self, number: int, held: bool) -> bytes:
        host, port, path = self._place(number)
        lines = [
            b"GET %s HTTP/1.1" % path.encode(),
            b"Host: %s:%d" % (host.encode(), port),
            b"Authorization: Bearer " + self._tokens[number % len(self._tokens)].encode(),
        ]
        if held:
            lines.append(b"Prefer: wait=60")
            lines += [b"%s: %s" % pair for pair in self.routers[number].validators.items()]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _note(self) -> None:
        self._answered += 1
        if self._answered >= self._expected:
            self._all_answered.set()
