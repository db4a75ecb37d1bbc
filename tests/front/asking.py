"""Ask an ASGI application in this process, as a server would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from routing_console.front.wire import Message, Receive, Send

DISCONNECT: Message = {"type": "http.disconnect"}


@dataclass
class Heard:
    """What the application sent."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"]) if self.messages else 0

    @property
    def headers(self) -> dict[str, str]:
        sent = self.messages[0]["headers"]
        return {name.decode(): value.decode() for name, value in sent}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def scope(
    method: str, target: str, headers: Iterable[tuple[str, str]] = (), **more: Any
) -> dict[str, Any]:
    """A request's scope as a server makes it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "server": ("127.0.0.1", "8000"),
        "client": ("127.0.0.1", "50000"),
        "headers": [(b"host", b"localhost")]
        + [(name.lower().encode(), value.encode()) for name, value in headers],
        **more,
    }


def parts_of(*parts: bytes, then: Message | None = DISCONNECT) -> Receive:
    """A client that sends these parts as its whole body and then, unless None, hangs up."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": index < len(parts)}
        for index, part in enumerate(parts, 1)
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        if then is None:
            await asyncio.Event().wait()
        return then or DISCONNECT

    return receive


def dripping(part: bytes = b"") -> Receive:
    """A client that sends one part of a body and then nothing, for ever."""
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": part, "more_body": True}

    return receive


def listener(heard: Heard) -> Send:
    async def send(message: Message) -> None:
        heard.messages.append(message)

    return send


async def ask(application: Any, request: dict[str, Any], receive: Receive | None = None) -> Heard:
    """What the application answers to this request."""
    heard = Heard()
    await application(request, receive or parts_of(b"", then=None), listener(heard))
    return heard
