"""The server's start and stop, as ASGI tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from routing_console.front.wire import Receive, Send

Step = Callable[[], Awaitable[None]]


async def lifespan(receive: Receive, send: Send, start: Step, stop: Step) -> None:
    """Start, wait for the end and stop. What fails at the start keeps the server from serving."""
    await receive()
    try:
        await start()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": f"Not started: {error}"})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await stop()
    await send({"type": "lifespan.shutdown.complete"})
