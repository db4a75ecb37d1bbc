"""The front: every request of a server process comes in here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from django.conf import settings

from routing_console.front import bridge
from routing_console.front.bodies import Bodies, Body, BodyRefused, ClientGone
from routing_console.front.connections import Connections
from routing_console.front.direct import Direct, letting_go
from routing_console.front.draining import Draining
from routing_console.front.lifespan import lifespan
from routing_console.front.marks import id_of, log_request
from routing_console.front.metrics import FiguresCollector, FrontCollector, Metrics
from routing_console.front.places import Place, PlaceFull
from routing_console.front.probes import ALIVE, Readiness
from routing_console.front.routes import PlaceName, Route, route_of
from routing_console.front.sending import send_answer
from routing_console.front.tally import Tally
from routing_console.front.understood import Understood
from routing_console.front.wire import (
    Answer,
    Receive,
    Scope,
    Send,
    header,
    problem,
    refusal,
    retry_after,
)
from routing_console.logs import request_id

logger = logging.getLogger(__name__)

FULL = "The console is busy. Try again shortly."
FAILED = "The console failed at this. What went wrong is in its log."
READ_ONLY = frozenset({"GET", "HEAD"})
CLIENT_GONE = 499  # nginx's number for it, in logs and metrics only
LOGGED = frozenset({PlaceName.PAGES, PlaceName.REPORTS})


class Front:
    """An ASGI application around Django's WSGI one and what is served directly.

    Without `pages` it is delivery alone. `problems` as in `Readiness`.
    """

    def __init__(
        self,
        pages: bridge.WSGIApplication | None,
        direct: Direct | None = None,
        *,
        problems: Callable[[], dict[str, str]],
        bodies: Bodies | None = None,
    ) -> None:
        self.pages = pages
        self.direct = direct or Direct({})
        self.bodies = bodies or Bodies()
        self.places = {
            PlaceName.PAGES: Place(PlaceName.PAGES, threads=8, most_waiting=128),
            PlaceName.REPORTS: Place(PlaceName.REPORTS, threads=2, most_waiting=64),
        }
        self.draining = Draining(settings.DRAIN_NOTICE_S, on_begin=[self.direct.drain])
        self.readiness = Readiness(problems, self.direct.problem, self.draining)
        self.connections = Connections()
        self.understood = Understood()
        self.tally = Tally()
        self.metrics = Metrics.of(
            settings.METRICS_TOKEN,
            FrontCollector(
                self.tally,
                [*self.places.values()],
                self.bodies,
                self.readiness,
                self.connections,
            ),
            FiguresCollector("routing_console_delivery", self.direct.figures),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            application = self.direct.applications.get(scope["path"])
            if application is None:
                await self._request(scope, receive, send)
            else:
                # A body that waits for a word to be sent is not read here: after the answer it may
                # come or not, and what comes instead would be taken for it.
                if self.draining.begun or header(scope, b"expect") is not None:
                    send = letting_go(send)
                await application(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, self._start, self._stop)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _start(self) -> None:
        self.draining.watch()
        self.connections.watch()
        forget = partial(
            asyncio.get_running_loop().call_soon_threadsafe, self.understood.forget_ended
        )
        for quick in self.direct.quick.values():
            quick.on_ended(forget)
        await self.direct.startup()

    async def _stop(self) -> None:
        self.draining.end_soon()
        self.connections.stop()
        # Reports that were taken are written first: a page that nobody waits for any more may be
        # worked on for longer than there is time.
        await asyncio.to_thread(self.direct.stop)
        for place in self.places.values():
            await asyncio.to_thread(place.close)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, route = time.perf_counter(), route_of(scope["path"])
        mark = id_of(scope)
        request_id.set(mark)
        status = CLIENT_GONE
        try:
            answer = await self._answer(route, scope, receive)
            more = [(b"x-request-id", mark.encode())]
            if self.draining.begun:
                send = letting_go(send)
            await send_answer(send, answer, more)
            status = answer.status
        except ClientGone:
            pass
        seconds = time.perf_counter() - began
        self.tally.add(route.place, status, seconds)
        if route.place in LOGGED:
            log_request(scope, route.place, status, seconds)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        try:
            body = await self.bodies.receive(scope, receive, route.most_bytes)
        except BodyRefused as refused:
            return refused.answer
        try:
            if route.place is PlaceName.PROBES:
                return await self._probe(scope)
            return await self._work(self.places[route.place], scope, receive, body)
        finally:
            self.bodies.release(body)

    async def _probe(self, scope: Scope) -> Answer:
        if scope["method"] not in READ_ONLY:
            return problem(405, "This is only read: use GET.", [(b"allow", b"GET, HEAD")])
        match scope["path"]:
            case "/healthz":
                return ALIVE
            case "/metrics":
                return self.metrics.answer(scope)
            case "/readyz/delivery":
                return self.readiness.delivery_answer()
            case _:
                return await self.readiness.answer()

    async def _work(self, place: Place, scope: Scope, receive: Receive, body: Body) -> Answer:
        if self.pages is None:
            return problem(404, "This process serves routers; pages are served by the console.")
        environ = bridge.environ_of(scope, body)
        work = partial(copy_context().run, bridge.call, self.pages, environ)
        try:
            return await place.run(work, receive, header(scope, b"authorization"))
        except PlaceFull:
            return refusal(scope, 503, FULL, [retry_after(place.retry_after_s)])
        except ClientGone:
            raise
        except Exception:
            logger.exception("%s %s failed.", scope["method"], scope["path"])
            return refusal(scope, 500, FAILED)
