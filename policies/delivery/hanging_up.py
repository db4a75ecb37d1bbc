"""Whether the other side of a request is still there, as ASGI tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


async def until_gone(receive: Receive) -> None:
    """Return when the client has hung up; what it still sends of a body is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass
