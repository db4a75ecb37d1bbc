"""Carrying out a decision: each attempt after its wait, in threads or in asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from ..engine import FAILURE_KINDS, Attempt, NextAttempt, Stop


class Try:
    """One attempt in progress at `model`. Say of it either `succeeded` or `failed`."""

    def __init__(self, model: str, keep: Callable[[Attempt], None]) -> None:
        self.model = model
        self._keep = keep
        self._began = time.monotonic()

    def succeeded(self, *, cost_usd: float = 0) -> None:
        """It answered."""
        self._keep(Attempt(self.model, latency_ms=self._took_ms, cost_usd=cost_usd))

    def failed(
        self,
        failure_kind: str,
        *,
        cost_usd: float = 0,
        bytes_sent: bool = False,
        retry_after_ms: float | None = None,
    ) -> None:
        """It did not. `bytes_sent` tells that part of an answer reached the user. Raises ValueError
        for a kind that is not one of FAILURE_KINDS."""
        if failure_kind not in FAILURE_KINDS:
            raise ValueError(f"{failure_kind!r} is none of {', '.join(FAILURE_KINDS)}")
        self._keep(
            Attempt(self.model, failure_kind, self._took_ms, cost_usd, bytes_sent, retry_after_ms)
        )

    @property
    def _took_ms(self) -> float:
        return (time.monotonic() - self._began) * 1000


class Attempts:
    """The attempts of one decided request, one after the other, until one succeeds or the policy
    says to stop. `for` waits in this thread, `async for` in its task.

    `made` holds those that were told of; `stop` is why no other follows, None as long as one may.
    """

    def __init__(self, following: Callable[[Sequence[Attempt]], NextAttempt | Stop]) -> None:
        self._following = following
        self._open = False
        self.made: list[Attempt] = []
        self.stop: Stop | None = None

    def __iter__(self) -> Iterator[Try]:
        while (step := self._next()) is not None:
            time.sleep(step.wait_ms / 1000)
            yield self._begin(step.model)

    async def __aiter__(self) -> AsyncIterator[Try]:
        while (step := self._next()) is not None:
            await asyncio.sleep(step.wait_ms / 1000)
            yield self._begin(step.model)

    def _next(self) -> NextAttempt | None:
        if self._open:
            raise RuntimeError("Say of each attempt whether it succeeded or failed.")
        step = self._following(self.made)
        if isinstance(step, Stop):
            self.stop = step
            return None
        return step

    def _begin(self, model: str) -> Try:
        self._open = True
        return Try(model, self._keep)

    def _keep(self, attempt: Attempt) -> None:
        if not self._open:
            raise RuntimeError("This attempt was told of already.")
        self._open = False
        self.made.append(attempt)
