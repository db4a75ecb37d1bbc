"""A front served from a thread of this process, on a port of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop
from uvicorn import Config, Server

from routing_console.front.application import Front
from routing_console.web_server import of_every_server
from tests.services.console import free_port

LIMIT_S = 20


class FrontServer:
    """Serves until it is stopped."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.port = free_port()
        self._server = Server(Config(front, port=self.port, log_config=None, **of_every_server()))
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="front-server", daemon=True)
        self._thread.start()
        if not self._is_up.wait(LIMIT_S):
            raise RuntimeError("the server did not start")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(LIMIT_S)

    def _run(self) -> None:
        loop = uvloop.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._serve())
        loop.close()

    async def _serve(self) -> None:
        serving = asyncio.ensure_future(self._server.serve())
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        if self._server.started:
            self._is_up.set()
        await serving


@contextmanager
def serving(front: Front) -> Iterator[FrontServer]:
    """The front's server, stopped afterwards."""
    server = FrontServer(front)
    try:
        yield server
    finally:
        server.stop()
