"""The delivery plane: an ASGI application that answers routers from memory.

It serves the policy (`GET /api/v1/policy`) and the public keys. A poll asks neither the database
nor another process. `respond.py` defines every answer; the usual poll is answered from messages
built by it beforehand, and `tests/delivery/test_plane_equals_respond.py` holds both equal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.delivery.answering import Answering, Pairs, Poll, read_poll
from policies.delivery.answers import (
    Denial,
    KnownToken,
    Unavailable,
    VerifiedRelease,
)
from policies.delivery.counters import Counters
from policies.delivery.hanging_up import Receive, until_gone
from policies.delivery.holdings import Holdings
from policies.delivery.limits import RateLimit
from policies.delivery.memory import Memory
from policies.delivery.messages import Messages, messages_of
from policies.delivery.respond import problem
from policies.delivery.waiting import Waiter, WaitingRoom

DEFAULT_LIMIT = RateLimit(per_second=2_000, burst=20_000)

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Tell = Callable[[Messages], None]


@dataclass(frozen=True)
class PlaneSettings:
    """How a plane behaves. `snapshot_file`: where it keeps what it knows; None: nowhere."""

    limit: RateLimit = DEFAULT_LIMIT
    most_waiting: int = 20_000
    longest_wait_s: int = 60
    check_every_s: float = 1.0
    snapshot_file: Path | None = None


class Plane:
    """An ASGI application (`http` only) over a `Memory` that a loader fills."""

    def __init__(self, memory: Memory, settings: PlaneSettings | None = None) -> None:
        self.memory = memory
        self.settings = settings or PlaneSettings()
        self.counters = Counters()
        self.room = WaitingRoom(self.settings.most_waiting)
        self._refill_s, self._depth_s = self.settings.limit.refill_s, self.settings.limit.depth_s
        self.answering = Answering(memory)
        # What another plane serves already is known here after the look that begins next.
        self._unheard_for_s = 2 * self.settings.check_every_s
        self._loop: asyncio.AbstractEventLoop | None = None  # where the waiters are
        self._on_ended: list[Callable[[], object]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        messages = await self._answer(scope, receive)
        if messages is None:
            return
        self.counters.answers[messages.status] += 1
        await send(messages.start)
        await send(messages.body)

    # --- For the rest of the process --------------------------------------------------------
    def token_of(self, authorization: bytes) -> KnownToken | Denial | Unavailable:
        """The router token of an `Authorization` header's value, whatever its scopes are."""
        return self.memory.token_of(authorization)

    def adopt(self, holdings: Holdings, age_s: float | None = None) -> None:
        """Serve from these from now on, and tell whoever waits for what is new in them.

        From any thread. `age_s` as in `Memory.adopt`.
        """
        before = self.memory.holdings or Holdings()
        self.memory.adopt(holdings, age_s)
        changed = [
            environment_id
            for environment_id, held in holdings.releases.items()
            if _release_of(before, environment_id) is not held.release
        ]
        ended = {
            token.id
            for key, token in before.tokens.items()
            if isinstance(token, KnownToken) and holdings.tokens.get(key) != token
        }
        if (changed or ended) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell, changed, ended)
        if ended:
            for tell in self._on_ended:
                tell()

    def drain(self) -> None:
        """Answer all who wait, at once, and let nobody wait any more. From any thread."""
        if self._loop is None:
            self.room.close()
        else:
            self._loop.call_soon_threadsafe(self.room.close)

    def figures(self) -> dict[str, float]:
        """What metrics tell of this process; `age_s` is `inf` before anything was known."""
        holdings = self.memory.holdings or Holdings()
        return {
            **self.counters.by_name(),
            "waiters": self.room.count,
            "age_s": max(self.memory.age_s, 0.0),
            "is_fresh": float(self.memory.is_fresh),
            "tokens": len(self.memory.callers),
            "releases": len(holdings.releases),
        }

    # --- One request ------------------------------------------------------------------------
    def read(self, pairs: Pairs) -> Poll | None:
        """What a GET of the policy with these headers asks for; None where they are not as nearly
        all clients write them."""
        headers = dict(pairs)
        authorization = headers.get(b"authorization", b"")
        if (
            b"content-length" in headers
            or b"transfer-encoding" in headers
            or b"*" in headers.get(b"if-none-match", b"")
            or authorization[:7] != b"Bearer "
            or len(headers) != len(pairs)
        ):
            return None
        return Poll(sha256(authorization[7:]).digest(), pairs, headers)

    def on_ended(self, tell: Callable[[], object]) -> None:
        """Call `tell`, from any thread, when tokens have ended or changed."""
        self._on_ended.append(tell)

    def has_ended(self, poll: Poll) -> bool:
        """Whether the token of a poll that `read` understood is none any more."""
        return poll.key not in self.memory.callers

    def answer(self, poll: Poll, tell: Tell) -> Waiter | bool:
        """Answer a poll that `read` understood, where there is nothing special about it.

        True: `tell` was called with the answer. A waiter: it is called later, in this loop. False:
        nothing was done. Every line of this is passed by every poll.
        """
        caller = self.memory.callers.get(poll.key)
        if caller is None:
            return False
        now = self.memory.clock()
        prepared = self.answering.prepared_for(poll, caller, now)
        if prepared is None or not caller.take(now, self._refill_s, self._depth_s):
            return False
        messages = prepared.answer(poll.packed, poll.if_none_match)
        caller.note_answer(messages.status, prepared.release_id, poll.if_none_match, now)
        if poll.wait_s and messages.status == 304:
            held = self._hold(poll, messages, partial(self._count_and, tell))
            if isinstance(held, Waiter):
                return held
            messages = held
        self._count_and(tell, messages)
        return True

    async def _answer(self, scope: Scope, receive: Receive) -> Messages | None:
        """The answer to any request, held where the router would wait; None: it has hung up."""
        poll = read_poll(scope)
        caller = None if poll is None else self.memory.callers.get(poll.key)
        if poll is None or caller is None:
            return self.answering.considered(
                scope["method"], scope["path"], scope["headers"], caller
            )
        if not caller.take(self.memory.clock(), self._refill_s, self._depth_s):
            return self._too_many()
        messages = self.answering.to(poll)
        if not poll.wait_s or not self._has_more_to_come(poll, messages):
            return messages
        told: asyncio.Future[Messages] = asyncio.get_running_loop().create_future()
        held = self._hold(poll, messages, told.set_result)
        if isinstance(held, Messages):
            return held
        gone = asyncio.ensure_future(until_gone(receive))
        ends: set[asyncio.Future[Any]] = {told, gone}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            held.leave()
        return told.result() if told.done() else None

    # --- Waiting ----------------------------------------------------------------------------
    def _hold(self, poll: Poll, unchanged: Messages, tell: Tell) -> Messages | Waiter:
        """Hold a poll until there is something to tell, or answer it now.

        `tell` is called once, in this loop, unless the waiter leaves before.
        """
        self._loop = asyncio.get_running_loop()
        # Once more, now that whatever comes is told in this loop: nothing falls in between.
        now = self.answering.to(poll)
        caller = self.memory.callers.get(poll.key)
        if caller is None or not self._has_more_to_come(poll, now):
            return now
        wait_s = min(poll.wait_s, self.settings.longest_wait_s)
        left_s = min(wait_s, caller.reads_until - self.memory.clock())
        if now.status != 304:
            left_s = min(left_s, self._unheard_for_s)
        token = caller.token

        def let_go() -> None:
            answer = self.answering.to(poll).with_header(b"preference-applied", b"wait=%d" % wait_s)
            # Its server is stopping: the next question belongs to another one.
            tell(answer.with_header(b"connection", b"close") if self.room.is_closed else answer)

        waiter = self.room.enter(caller.environment_id, token.id, left_s, let_go)
        if waiter is not None:
            return waiter
        if unchanged.status != 304:
            return unchanged  # which says itself when to come again
        return unchanged.with_header(b"retry-after", b"%d" % self.memory.jitter(5))

    def _has_more_to_come(self, poll: Poll, messages: Messages) -> bool:
        """Whether this is not the last word of this plane: there is nothing new yet, or it has not
        heard yet of the release that the router has of another plane."""
        if messages.status == 304:
            return True
        return messages.status == 503 and self.memory.is_fresh and self.answering.is_behind(poll)

    def _count_and(self, tell: Tell, messages: Messages) -> None:
        self.counters.answers[messages.status] += 1
        tell(messages)

    def _tell(self, environment_ids: list[int], token_ids: set[int]) -> None:
        self.counters.released += self.room.release(environment_ids)
        if token_ids:
            self.room.release_tokens(token_ids)

    def _too_many(self) -> Messages:
        detail = (
            "This token asks more often than it may: "
            f"{self.settings.limit.per_second:g} times a second, {self.settings.limit.burst} at "
            "once."
        )
        return messages_of(problem(429, detail, {"Retry-After": str(self.memory.jitter(1))}))


def _release_of(holdings: Holdings, environment_id: int) -> VerifiedRelease | None:
    held = holdings.releases.get(environment_id)
    return None if held is None else held.release
