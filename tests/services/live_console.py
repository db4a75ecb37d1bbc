"""The console's server inside this test process: pages, reports and delivery on one port."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIHandler

from routing_console.delivery import direct
from routing_console.front.application import Front
from tests.services.front_server import FrontServer


class LiveConsole(FrontServer):
    """Serves this test's database from a thread, until it is stopped."""

    def __init__(self) -> None:
        super().__init__(Front(WSGIHandler(), direct(), problems=dict))

    def known_tokens(self) -> int:
        """How many router tokens it would answer; it hears of a new one a moment later."""
        return int(self.front.direct.figures()["tokens"])

    def waiting(self) -> int:
        """How many routers wait for the next release."""
        return int(self.front.direct.figures()["waiters"])
