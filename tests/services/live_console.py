"""The console's server inside this test process: pages, reports and delivery on one port."""

from __future__ import annotations

import asyncio
import threading
import time

from django.core.handlers.wsgi import WSGIHandler
from granian.constants import Interfaces
from granian.server.embed import Server

from routing_console.delivery import direct
from routing_console.front.application import Front
from tests.services.console import free_port

LIMIT_S = 20


class LiveConsole:
    """Serves this test's database from a thread, until it is stopped."""

    def __init__(self) -> None:
        self.port = free_port()
        self._direct = direct()
        self._loop = asyncio.new_event_loop()
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-console", daemon=True)
        self._thread.start()
        if not self._is_up.wait(LIMIT_S):
            raise RuntimeError("the console's server did not start")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def waiting(self) -> int:
        """How many routers wait for the next release."""
        return int(self._direct.figures()["waiters"])

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(LIMIT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._server = Server(
            Front(WSGIHandler(), self._direct, problems=dict),
            port=self.port,
            interface=Interfaces.ASGI,
            websockets=False,
            backlog=1024,
            backpressure=5000,
            log_enabled=False,
        )
        serving = asyncio.ensure_future(self._server.serve())
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and not await self._answers():
            await asyncio.sleep(0.02)
        self._is_up.set()
        await serving

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True
