"""Sends answers on the event loop: a slow reader holds memory or a file, never a thread."""

from __future__ import annotations

import asyncio
from typing import IO

from routing_console.front.wire import Answer, Headers, Send

BLOCK_BYTES = 64 * 1024
# A reader that takes nothing for so long is left.
READER_LIMIT_S = 60.0


async def send_answer(send: Send, answer: Answer, more: Headers = ()) -> None:
    """Send all of it, with `more` headers; a file is closed however this ends."""
    headers = [*answer.headers, *more]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    if isinstance(answer.body, bytes):
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})
        return
    with answer.body as file:
        await send(start)
        await _send_file(send, file)


async def _send_file(send: Send, file: IO[bytes]) -> None:
    more = True
    while more:
        block = file.read(BLOCK_BYTES)
        more = bool(block)
        try:
            async with asyncio.timeout(READER_LIMIT_S):
                await send({"type": "http.response.body", "body": block, "more_body": more})
        except TimeoutError:
            return  # the server sees an answer that is too short, and hangs up
