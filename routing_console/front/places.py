"""Places: threads of their own for each kind of work, and a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from routing_console.front.bodies import ClientGone
from routing_console.front.wire import Receive

T = TypeVar("T")


class PlaceFull(Exception):
    """No thread, and no room to wait for one."""


@dataclass
class Place:
    """Some threads, and how many requests may wait for one, and for how long.

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
    executor: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.executor = ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)

    async def run(self, work: Callable[[], T], receive: Receive) -> T:
        """Do this in one of the place's threads.

        Raises PlaceFull, and ClientGone where the client went away before its turn came.
        """
        await self._turn(receive)
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

    async def _turn(self, receive: Receive) -> None:
        if self.busy < self.threads:
            self.busy += 1
            return
        if len(self.waiting) >= self.most_waiting:
            self.refused += 1
            raise PlaceFull
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


async def until_gone(receive: Receive) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
