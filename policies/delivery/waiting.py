"""Routers that wait for the next release (`Prefer: wait=N`), held by one timer for all.

Everything here runs in the thread of the event loop. Who waits is let go in the order of arrival,
a batch in each turn of the loop, so that polls go on being answered in between.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable

logger = logging.getLogger(__name__)

TICK_S = 0.25
BATCH = 200


class Waiter:
    """One held request; `let_go` answers it."""

    __slots__ = ("_room", "environment_id", "is_in", "let_go", "tick", "token_id")

    def __init__(
        self,
        room: WaitingRoom,
        environment_id: int,
        token_id: int,
        tick: int,
        let_go: Callable[[], None],
    ) -> None:
        self._room = room
        self.environment_id, self.token_id, self.tick = environment_id, token_id, tick
        self.let_go = let_go
        self.is_in = True

    def end(self) -> None:
        """Let it go now; nothing happens where it has gone or left."""
        if self.is_in:
            self.leave()
            self.let_go()

    def leave(self) -> None:
        """Forget it: its router has hung up. Nothing happens where it has gone."""
        if self.is_in:
            self.is_in = False
            self._room.forget(self)


class WaitingRoom:
    """At most `most` requests, each until its release, its time, or the end of its token.

    No token holds more places than are left free: one alone half of them, and whoever comes with
    another finds room, whatever is done with a stolen one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_environment: dict[int, dict[Waiter, None]] = {}
        self._by_token: Counter[int] = Counter()
        # A wheel: the waiters whose time is over at a tick. One timer turns it while it holds any.
        self._by_tick: dict[int, set[Waiter]] = {}
        self._turned_to = 0
        self._timer: asyncio.TimerHandle | None = None
        self._let_go: deque[Waiter] = deque()
        self._is_letting_go = False
        self.is_closed = False
        self.count = 0

    def enter(
        self, environment_id: int, token_id: int, seconds: float, let_go: Callable[[], None]
    ) -> Waiter | None:
        """Wait until `let_go` is called, in the running loop: when there is something to tell, or
        after `seconds`, which may be over. None where no more can wait here."""
        if self.is_closed or self._by_token[token_id] >= self._most - self.count:
            return None
        loop = asyncio.get_running_loop()
        # A tick before the next one would never be turned to.
        tick = math.floor((loop.time() + max(seconds, 0.0)) / TICK_S) + 1
        waiter = Waiter(self, environment_id, token_id, tick, let_go)
        self._by_environment.setdefault(environment_id, {})[waiter] = None
        self._by_tick.setdefault(tick, set()).add(waiter)
        self.count += 1
        self._by_token[token_id] += 1
        self._keep_turning(loop)
        return waiter

    def release(self, environment_ids: Iterable[int]) -> int:
        """Let all go who wait in these environments; how many they are."""
        found = [
            waiter for each in environment_ids for waiter in self._by_environment.pop(each, {})
        ]
        self._queue(found)
        return len(found)

    def release_tokens(self, token_ids: Collection[int]) -> None:
        """Let those go who wait with these tokens."""
        for waiters in list(self._by_environment.values()):
            self._queue([waiter for waiter in waiters if waiter.token_id in token_ids])

    def close(self) -> None:
        """Let everybody go, and take nobody in any more."""
        self.is_closed = True
        self.release(list(self._by_environment))

    def _queue(self, waiters: Iterable[Waiter]) -> None:
        self._let_go.extend(waiters)
        if self._let_go and not self._is_letting_go:
            self._is_letting_go = True
            self._let_next_go()

    def _let_next_go(self) -> None:
        for _ in range(min(BATCH, len(self._let_go))):
            waiter = self._let_go.popleft()
            try:
                waiter.end()
            except Exception:  # one connection that is broken in a new way keeps nobody waiting
                logger.exception("A router that waited could not be answered.")
        self._is_letting_go = bool(self._let_go)
        if self._is_letting_go:
            asyncio.get_running_loop().call_soon(self._let_next_go)

    def _keep_turning(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._turned_to = math.floor(loop.time() / TICK_S)
            self._timer = loop.call_later(TICK_S, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = math.floor(loop.time() / TICK_S)
        for tick in range(self._turned_to + 1, now + 1):
            self._queue(self._by_tick.pop(tick, ()))
        self._turned_to = now
        if self._by_tick:
            self._timer = loop.call_later(TICK_S, self._turn, loop)

    def forget(self, waiter: Waiter) -> None:
        """Give back the place of one."""
        self.count -= 1
        self._by_token[waiter.token_id] -= 1
        if not self._by_token[waiter.token_id]:
            del self._by_token[waiter.token_id]
        inside = self._by_environment.get(waiter.environment_id)
        if inside is not None:
            inside.pop(waiter, None)
            if not inside:
                del self._by_environment[waiter.environment_id]
        at_tick = self._by_tick.get(waiter.tick)
        if at_tick is not None:
            at_tick.discard(waiter)
            if not at_tick:
                del self._by_tick[waiter.tick]
