"""Places: threads of their own for each kind of work, and a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from policies.delivery.hanging_up import until_gone
from routing_console.front.bodies import ClientGone
from routing_console.front.wire import Receive

T = TypeVar("T")


class PlaceFull(Exception):
    """No thread, and no room to wait for one."""


@dataclass
class Place:
    """Some threads, and how many requests may wait for one, and for how long.

    Of those that wait nobody holds more than are left free: one alone half of them, so that whoever
    else comes finds room.
    Everything but the work itself happens on the event loop, so that no lock is needed.
    """

    name: str
    threads: int
    most_waiting: int
    patience_s: float = 10.0
    retry_after_s: int = 2
    busy: int = 0
    refused: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    waiting_of: Counter[bytes] = field(default_factory=Counter)
    executor: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.executor = ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)

    async def run(self, work: Callable[[], T], receive: Receive, whose: bytes | None = None) -> T:
        """Do this in one of the place's threads; `whose` says for whom, where that is known.

        Raises PlaceFull, and ClientGone where the client went away before its turn came.
        """
        await self._turn(receive, whose)
        try:
            # Shielded: a thread cannot be stopped, so its place is taken until it has ended.
            job = asyncio.get_running_loop().run_in_executor(self.executor, work)
        except BaseException:
            self._leave()
            raise
        job.add_done_callback(lambda _: self._leave())
        return await asyncio.shield(job)

    def close(self) -> None:
        """Wait for the threads to end; nothing is taken any more."""
        self.executor.shutdown(wait=True)

    async def _turn(self, receive: Receive, whose: bytes | None) -> None:
        if self.busy < self.threads:
            self.busy += 1
            return
        free = self.most_waiting - len(self.waiting)
        if free <= 0 or (whose is not None and self.waiting_of[whose] >= free):
            self.refused += 1
            raise PlaceFull
        if whose is None:
            await self._wait(receive)
        else:
            with self._counted(whose):
                await self._wait(receive)

    @contextmanager
    def _counted(self, whose: bytes) -> Iterator[None]:
        self.waiting_of[whose] += 1
        try:
            yield
        finally:
            self.waiting_of[whose] -= 1
            if not self.waiting_of[whose]:
                del self.waiting_of[whose]

    async def _wait(self, receive: Receive) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            done, _ = await asyncio.wait(
                {turn, gone}, timeout=self.patience_s, return_when=asyncio.FIRST_COMPLETED
            )
        except BaseException:
            if turn.done():  # its turn came the moment it was given up
                self._leave()
            raise
        finally:
            gone.cancel()
            if not turn.done():
                self.waiting.remove(turn)
        if turn in done:
            return
        if gone in done:
            raise ClientGone
        self.refused += 1
        raise PlaceFull

    def _leave(self) -> None:
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the thread goes on to the next one: as busy as before
                return
        self.busy -= 1
