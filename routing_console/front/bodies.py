"""Request bodies, received whole on the event loop: bounded in time and size.

A sender that drips holds a socket and a few bytes, never a thread. Larger bodies lie in a
temporary file that vanishes with the request.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

from routing_console.front.wire import Answer, Receive, Scope, header, refusal, retry_after

# The longest pause between two parts of a body, and how long a small body may take as a whole.
SILENCE_S = 15.0
# A larger body may take longer, at this rate or faster at each of its pauses.
LEAST_BYTES_PER_S = 4096
MEMORY_BYTES = 64 * 1024
# All bodies of this process together; what is beyond is refused rather than filling the disk.
MOST_HELD_BYTES = 2_000_000_000
# So much of it is for small bodies and the beginnings of others: whoever uploads without end,
# which needs no account, does not keep people from signing in and routers from reporting.
KEPT_FREE_BYTES = 500_000_000
SMALL_BODY = 1_000_000
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CLOSE = (b"connection", b"close")  # what the sender still sends is not read


class BodyRefused(Exception):
    """The body cannot be taken; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class ClientGone(Exception):
    """The other side hung up: nobody is left to answer."""


@dataclass
class Body:
    """A whole body, at its start. Close it when the request has ended."""

    file: IO[bytes]
    size: int


@dataclass
class Bodies:
    """Receives the bodies of one process, and counts what they hold and what was refused."""

    silence_s: float = SILENCE_S
    least_bytes_per_s: int = LEAST_BYTES_PER_S
    held_bytes: int = 0
    unfinished: int = 0
    refused: dict[int, int] = field(default_factory=dict)

    async def receive(self, scope: Scope, receive: Receive, most_bytes: int) -> Body:
        """The body of a request of at most `most_bytes`.

        Raises BodyRefused (408, 413 or 503) and ClientGone; neither leaves anything behind.
        """
        stated = header(scope, b"content-length")
        if scope["method"] in WITHOUT_BODY and not _announces_body(scope, stated):
            return Body(BytesIO(), 0)
        if stated is not None and stated.isdigit() and int(stated) > most_bytes:
            raise self._refusal(scope, 413, _too_large(most_bytes))
        body = Body(tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES), 0)  # noqa: SIM115
        self.unfinished += 1
        try:
            await self._fill(body, scope, receive, most_bytes)
        except BaseException:
            self.release(body)
            raise
        finally:
            self.unfinished -= 1
        body.file.seek(0)
        return body

    def release(self, body: Body) -> None:
        """Give back what a request's body held."""
        self.held_bytes -= body.size
        body.file.close()

    async def _fill(self, body: Body, scope: Scope, receive: Receive, most_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        latest, more = loop.time() + self.silence_s, True
        while more:
            try:
                async with asyncio.timeout_at(latest):
                    message = await receive()
            except TimeoutError:
                raise self._refusal(scope, 408, self._too_slow()) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            if body.size + len(part) > most_bytes:
                raise self._refusal(scope, 413, _too_large(most_bytes))
            self._keep(body, scope, part)
            # What came fast buys no more time than the longest pause.
            latest = min(latest + len(part) / self.least_bytes_per_s, loop.time() + self.silence_s)
            more = message.get("more_body", False)

    def _keep(self, body: Body, scope: Scope, part: bytes) -> None:
        full = "There is no room for this body at the moment. Send it again later."
        is_small = body.size + len(part) <= SMALL_BODY
        room = MOST_HELD_BYTES if is_small else MOST_HELD_BYTES - KEPT_FREE_BYTES
        if self.held_bytes + len(part) > room:
            raise self._refusal(scope, 503, full)
        try:
            body.file.write(part)
        except OSError:
            raise self._refusal(scope, 503, full) from None
        body.size += len(part)
        self.held_bytes += len(part)

    def _refusal(self, scope: Scope, status: int, detail: str) -> BodyRefused:
        self.refused[status] = self.refused.get(status, 0) + 1
        headers = [CLOSE] if status != 503 else [CLOSE, retry_after(30)]
        return BodyRefused(refusal(scope, status, detail, headers))

    def _too_slow(self) -> str:
        return (
            f"The body did not arrive in time: no part may be {self.silence_s:g} s late, nor the "
            f"whole slower than {self.least_bytes_per_s:,} bytes a second."
        )


def _announces_body(scope: Scope, stated: bytes | None) -> bool:
    length = stated is not None and stated.strip(b"0") != b""
    return length or header(scope, b"transfer-encoding") is not None


def _too_large(most_bytes: int) -> str:
    return f"The body may have at most {most_bytes:,} bytes here."
