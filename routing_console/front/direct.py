"""What is served on the event loop itself, from memory: delivery to routers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from routing_console.front.wire import ASGIApplication, Headers, Message, Send

LETTING_GO = (b"connection", b"close")


class Service(Protocol):
    """Something with threads of its own that runs as long as the server process."""

    async def startup(self) -> None:
        """Begin; return when there is something to serve, or no hope of it soon."""

    def drain(self) -> None:
        """Hold nobody any more."""

    def stop(self) -> None:
        """End, with everything written that is to be kept."""


class Prepared(Protocol):
    """An answer that was made beforehand."""

    def as_bytes(self, date_line: bytes) -> bytes:
        """All of it as HTTP/1.1 sends it, with this `Date` header's line."""


class Held(Protocol):
    """A request that is answered later."""

    def end(self) -> None:
        """Have it answered now; nothing happens where it has been."""

    def leave(self) -> None:
        """Forget it: nobody is left to answer."""


Tell = Callable[[Prepared], None]


class Quick(Protocol):
    """Answers the usual GET of one target without a task."""

    def read(self, headers: Headers) -> Any:
        """What a GET with these headers (names in lower case) asks for, now and whenever it is sent
        again; None where it is unusual or has a body: ask the application."""

    def on_ended(self, tell: Callable[[], object]) -> None:
        """Call `tell`, from any thread, when some who asked may have ended."""

    def has_ended(self, asked: Any) -> bool:
        """Whether nobody is there any more who asks this."""

    def answer(self, asked: Any, tell: Tell) -> Held | bool:
        """Answer by calling `tell` once: before True is returned, or later than who is held was.
        False: nothing was done; ask the application."""


class Direct:
    """ASGI applications by exact path, and the services behind them.

    `quick` has a shorter way to the usual answers of one of them, by request target.

    `problem` says in a sentence why they cannot serve, empty where they can; `figures` is what
    metrics tell of them, by name.
    """

    def __init__(
        self,
        applications: Mapping[str, ASGIApplication],
        *services: Service,
        quick: Mapping[bytes, Quick] | None = None,
        problem: Callable[[], str] = str,
        figures: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.applications = dict(applications)
        self.services = services
        self.quick = dict(quick or {})
        self.problem = problem
        self.figures = figures

    async def startup(self) -> None:
        for service in self.services:
            await service.startup()

    def drain(self) -> None:
        for service in self.services:
            service.drain()

    def stop(self) -> None:
        for service in self.services:
            service.stop()


def letting_go(send: Send) -> Send:
    """`send` of a process that is stopping: who kept the connection would find it closed."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], LETTING_GO]}
        await send(message)

    return wrapped
