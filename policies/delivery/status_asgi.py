"""`POST /api/v1/status` as an ASGI application: the frame around `StatusDesk`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from policies.delivery.answers import Denial, KnownToken, Unavailable
from policies.delivery.respond import Answer, denied, problem, unavailable
from policies.delivery.status import LARGEST_REPORT_BYTES, StatusDesk, too_large

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STATUS_PATH = "/api/v1/status"
BODY_DEADLINE_S = 10.0


class _Gone(Exception):
    """The router hung up before its report was whole."""


@dataclass(frozen=True)
class StatusApplication:
    """Reads a report with a bound and a deadline, once the token is known to be good."""

    desk: StatusDesk
    token_of: Callable[[bytes], KnownToken | Denial | Unavailable]
    body_deadline_s: float = BODY_DEADLINE_S

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except _Gone:
            return
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            sentence = "A status report is sent with POST."
            return problem(405, sentence, {"Allow": "POST"})
        headers = dict(scope["headers"])
        token = self.token_of(headers.get(b"authorization", b""))
        if isinstance(token, Denial):
            return denied(token)
        if isinstance(token, Unavailable):
            return unavailable(token)
        refused = _unreadable(headers)
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(self.body_deadline_s):
                body = await _body(receive)
        except TimeoutError:
            sentence = f"A report has to arrive within {self.body_deadline_s:g} seconds."
            return problem(408, sentence, {"Connection": "close"})
        return self.desk.take(token, body)


def _unreadable(headers: dict[bytes, bytes]) -> Answer | None:
    """Why a body that is announced like this is not read, if so."""
    media_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if media_type != b"application/json":
        return problem(415, "Send the report as application/json.")
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        return problem(415, "A report is short: send it uncompressed.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 9 or int(length) > LARGEST_REPORT_BYTES):
        return too_large()
    return None


async def _body(receive: Receive) -> bytes:
    """The body, read no further than one byte beyond what a report may hold."""
    body = b""
    while len(body) <= LARGEST_REPORT_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body
