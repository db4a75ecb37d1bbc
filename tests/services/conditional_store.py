"""The conditional writes of S3 (`If-Match`, `If-None-Match: *`) before nanio, which has none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from nanio.app import build_app

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
REFUSED = b"<Error><Code>PreconditionFailed</Code><Message>It is another.</Message></Error>"


class Conditional:
    """Answers 412 to a PUT whose condition does not hold; one PUT after the other.

    Knows the entity tags of what was written through it: nothing else may write.
    """

    def __init__(self, store: Application) -> None:
        self._store = store
        self._tags: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT":
            await self._store(scope, receive, send)
            return
        async with self._one_at_a_time:
            if self._holds(scope):
                await self._store(scope, receive, self._noting(scope["path"], send))
            else:
                await _refuse(receive, send)

    def _holds(self, scope: Scope) -> bool:
        fields = {name.decode(): value.decode() for name, value in scope["headers"]}
        there = self._tags.get(scope["path"])
        if fields.get("if-none-match") == "*" and there is not None:
            return False
        return "if-match" not in fields or fields["if-match"] == there

    def _noting(self, path: str, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._tags[path] = dict(message["headers"])[b"etag"].decode()
            await send(message)

        return noting


async def _refuse(receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(REFUSED)).encode()),
    ]
    await send({"type": "http.response.start", "status": 412, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED})


def build() -> Application:
    """For uvicorn; nanio reads its settings from the environment."""
    return Conditional(build_app())
