"""The delivery plane in this process: asked as the server asks it, without one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.delivery.answering import POLICY_PATH
from policies.delivery.holdings import Holdings
from policies.delivery.limits import RateLimit
from policies.delivery.loader import Loader
from policies.delivery.memory import Memory
from policies.delivery.messages import Messages
from policies.delivery.plane import Plane, PlaneSettings
from policies.delivery.uses import UseKeeper
from tests.services import loops

UNLIMITED = RateLimit(per_second=1e9, burst=10**9)


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Reply:
    """What was sent; `headers` has lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    plane: Plane,
    headers: Mapping[str, str] | list[tuple[bytes, bytes]],
    method: str = "GET",
    path: str = POLICY_PATH,
) -> Reply:
    """One request to a plane, in the running loop, the quick way where it goes, as the server."""
    pairs = headers if isinstance(headers, list) else coded(headers)
    if (method, path) == ("GET", POLICY_PATH):
        told: asyncio.Future[Messages] = asyncio.get_running_loop().create_future()
        poll = plane.read(pairs)
        taken = poll is not None and plane.answer(poll, told.set_result)
        if taken:
            try:
                return reply_of(await told)
            finally:
                if taken is not True:
                    taken.leave()
    return await ask_slowly(plane, pairs, method, path)


async def ask_slowly(
    plane: Plane,
    pairs: list[tuple[bytes, bytes]],
    method: str = "GET",
    path: str = POLICY_PATH,
) -> Reply:
    """One request to a plane as an ASGI application."""
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # neither a body, nor does the router hang up
        return {}

    await plane(scope, receive, send)
    return reply_of(Messages(*sent))


def reply_of(messages: Messages) -> Reply:
    """What a client gets of these messages."""
    pairs = messages.start["headers"]
    texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    return Reply(messages.status, texts, messages.body["body"])


def coded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as an ASGI scope has them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


class PlaneInProcess:
    """A plane over this test's database, which it looks at before each request."""

    def __init__(self, clock: Clock | None = None, limit: RateLimit = UNLIMITED) -> None:
        memory = Memory(jitter=lambda s: s) if clock is None else Memory(clock, jitter=lambda s: s)
        self.plane = Plane(memory, PlaneSettings(limit=limit))
        self.loader = Loader(self.plane)
        self._uses = UseKeeper(memory)

    def fetch(self, token: str, **headers: str) -> Reply:
        """The policy as a router with this token gets it now; what it was told is kept."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask({"authorization": f"Bearer {token}", **given})

    def take_up(self, token: str) -> None:
        """Fetch the policy, and poll again with its tag: only that shows that it arrived."""
        tag = self.fetch(token).headers["etag"]
        assert self.fetch(token, if_none_match=tag).status == 304

    def ask(
        self, headers: Mapping[str, str], method: str = "GET", path: str = POLICY_PATH
    ) -> Reply:
        """Any request."""
        self.loader.check()
        reply = loops.run(ask(self.plane, headers, method, path))
        self._uses.keep()
        return reply


def plane_with(
    holdings: Holdings,
    limit: RateLimit = UNLIMITED,
    most_waiting: int = 100,
    longest_wait_s: int = 60,
    check_every_s: float = 1.0,
) -> Plane:
    """A plane that knows just this."""
    memory = Memory(jitter=lambda seconds: seconds)
    settings = PlaneSettings(limit, most_waiting, longest_wait_s, check_every_s)
    plane = Plane(memory, settings)
    plane.adopt(holdings)
    return plane
