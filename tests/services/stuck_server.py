"""A server with a thread that never ends, as one that asks a frozen database. For uvicorn."""

from __future__ import annotations

import threading

from routing_console.front.application import Front
from routing_console.front.direct import Direct


class Stuck:
    """A service whose last work is never done."""

    async def startup(self) -> None:
        """Nothing to begin."""

    def drain(self) -> None:
        """Nobody waits here."""

    def stop(self) -> None:
        threading.Event().wait()


application = Front(None, Direct({}, Stuck()), problems=dict)
application.draining.last_work_s = 0.1
