"""HTTP/1.1 as the front speaks it: uvicorn's protocol, with polls answered where they are parsed.

A poll that has a prepared answer costs no task, no scope and no message: its bytes are written as
soon as its head is read. Everything else goes the way of any ASGI request. What a connection may
cost before there is a request is bounded here, too.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from policies.delivery.limits import jittered
from routing_console.front.connections import IDLE_S, OnTransport
from routing_console.front.direct import Held, Prepared, Quick
from routing_console.front.wire import Headers

if TYPE_CHECKING:
    from routing_console.front.application import Front

MOST_HEAD_BYTES = 64 * 1024  # also of what a body in chunks has beside its content
MOST_HEADER_LINES = 200  # each becomes objects of some hundred bytes, however short it is
# Requests sent without waiting for an answer; each is some kilobytes of objects for a few bytes.
MOST_PIPELINED = 100
MALFORMED = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"content-type: text/plain\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"This is no HTTP/1 request."
)
HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"retry-after: %d\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class FrontProtocol(HttpToolsProtocol, OnTransport):
    """One connection to a `Front`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.front: Front = config.loaded_app
        self._quick, self._understood = self.front.direct.quick, self.front.understood
        self.timeout_keep_alive = int(IDLE_S)
        self.access_log = False  # the front has its own lines
        # Received since the head being read began, or the last piece of a body; without the part
        # that this was in.
        self._head_bytes = 0
        self._has_advanced = False  # in the part being read
        self._is_done_reading = False  # whatever comes is not carried out
        self._running: RequestResponseCycle | None = None
        self._is_between = True  # two requests: the parser has nothing unfinished
        self._begun = 0  # requests that began in the part being read
        self._taken: tuple[Quick, Any] | None = None  # what the last of them was understood as
        self._is_taken = False  # the request being read: answered or held before it was at its end
        self._held: Held | None = None

    # --- The connection ---------------------------------------------------------------------
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.heard_at = self.head_since = self.loop.time()
        if not self.front.connections.add(self):
            transport.write(TOO_MANY % jittered(5))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.connections.discard(self)
        if self._held is not None:
            self._held.leave()
        super().connection_lost(exc)
        if self._running is not None:  # uvicorn tells only the request that was read last
            self._running.disconnected = True
            self._running.message_event.set()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.loop.time()
        was_between = self._is_between
        if was_between:
            known = self._understood.get(data)
            if known is not None and self._can_answer_at_once() and self._answer_at_once(*known):
                self._unset_keepalive_if_required()
                self.head_since = None
                return
        if self._is_done_reading:
            self.flow.pause_reading()
            return
        self._begin_part()
        self._parse(data)
        if was_between and self._taken and self._begun == 1 and self._is_between:
            self._understood.add(data, self._taken)
        if not (self._is_between or self._has_advanced or self._is_done_reading):
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse_head()

    def _begin_part(self) -> None:
        self._has_advanced, self._begun, self._taken = False, 0, None

    def _parse(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # whoever offers another protocol may be answered in this one (RFC 9110, 7.8)
        except httptools.HttpParserError:
            if not self._is_done_reading:
                # Counted rather than logged: anybody can send this as often as he likes.
                self.front.connections.malformed += 1
                self._refuse(MALFORMED)

    def _refuse_head(self) -> None:
        self.front.connections.oversized += 1
        self._refuse(HEAD_TOO_LARGE)

    def _refuse(self, answer: bytes) -> None:
        """End the connection, and say why where that is not taken for another answer."""
        self._is_done_reading = True
        if self._held is not None:
            self._held.end()
        if not self.is_answering or self._is_reading_body_of_running():
            self.transport.write(answer)
        self.transport.close()

    def _is_reading_body_of_running(self) -> bool:
        cycle = self.cycle
        return bool(cycle is self._running and cycle.more_body and not cycle.response_started)

    @property
    def is_answering(self) -> bool:
        is_running = self.cycle is not None and not self.cycle.response_complete
        return is_running or self._held is not None

    def shutdown(self) -> None:
        if self._held is not None:
            self._held.end()
        super().shutdown()

    # --- One request ------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        # The scope, which a quick answer does without, is made when there is an ASGI request.
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self.head_since, self._head_bytes, self._has_advanced = self.heard_at, 0, True
        self._is_between = False
        self._begun += 1
        if self.cycle is not None and not self.cycle.keep_alive:  # that was the last
            self._is_done_reading = True
            raise StopReading

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer comes after its request has been handed on: nobody looked at it as a header.
        if self.head_since is not None:
            super().on_header(name, value)
            if len(self.headers) > MOST_HEADER_LINES:
                self._refuse_head()
                raise StopReading

    def on_body(self, body: bytes) -> None:
        self._head_bytes, self._has_advanced = 0, True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        if _size(self.url, self.headers) > MOST_HEAD_BYTES:
            self._refuse_head()
            raise StopReading
        self.head_since = None
        if self._held is not None:
            self._held.end()  # whoever asks again has done with waiting; answers keep their order
        quick = self._quick.get(self.url)
        if quick is not None and _is_usual(self.parser) and self._can_answer_at_once():
            asked = quick.read(self.headers)
            if asked is not None and self._answer_at_once(quick, asked):
                self._is_taken, self._taken = True, (quick, asked)
                return
        self._begin_scope()
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The other protocol is not spoken here, and the parser would read no more of this one.
            self.cycle.keep_alive = False
        if len(self.pipeline) >= MOST_PIPELINED:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _begin_scope(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the list that the scope has

    def on_message_complete(self) -> None:
        self._is_between = True
        if self._is_taken:
            self._is_taken = False
        else:
            super().on_message_complete()

    def _can_answer_at_once(self) -> bool:
        """Whether an answer may be written now, in order, and the connection then goes on."""
        return not (
            self.is_answering
            or self.flow.write_paused
            or self.front.draining.begun
            or not self.server_state.default_headers
        )

    def _answer_at_once(self, quick: Quick, asked: Any) -> bool:
        """Whether the request could be answered from what is prepared, or is held for it."""
        taken = quick.answer(asked, self._tell)
        if taken is False:
            return False
        if taken is not True:
            self._held = taken
        return True

    def _tell(self, prepared: Prepared) -> None:
        if self._held is not None:
            self._held, self.heard_at = None, self.loop.time()
        self.transport.write(prepared.as_bytes(_line(self.server_state.default_headers[0])))
        if self.front.draining.begun:
            self.transport.close()


class StopReading(Exception):
    """What follows is not read any more; its sender finds the connection closed, and asks again."""


@lru_cache(maxsize=4)
def _line(header: tuple[bytes, bytes]) -> bytes:
    """A header as it is sent. The server makes a new `Date` each second, for all connections."""
    name, value = header
    return b"%b: %b\r\n" % (name, value)


def _size(url: bytes, headers: Headers) -> int:
    """Bytes of a head written as `GET url HTTP/1.1`, `name: value`; more spaces are not kept."""
    return 17 + len(url) + 4 * len(headers) + sum(map(len, chain.from_iterable(headers)))


def _is_usual(parser: httptools.HttpRequestParser) -> bool:
    return bool(
        parser.get_method() == b"GET"
        and parser.should_keep_alive()
        and not parser.should_upgrade()
        and parser.get_http_version() == "1.1"
    )
