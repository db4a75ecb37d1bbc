"""The client for asyncio: decisions at once, everything that waits awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..engine import Attempt, NextAttempt, Request, Stop
from .attempts import Attempts
from .client import PolicyClient
from .decided import Decided
from .health import Health
from .outcomes import Told
from .releases import Release

if TYPE_CHECKING:
    from typing_extensions import Unpack  # of the standard library from Python 3.11 on


class AsyncPolicyClient:
    """A PolicyClient whose waits do not hold up the event loop; polls and reports run in its
    threads as before.

    async with AsyncPolicyClient(PolicyClient("https://console.example", token)) as client:
        await client.wait_ready(10)
        decided = client.decide({"attributes": {"task": "refund"}})
    """

    def __init__(self, client: PolicyClient) -> None:
        self.client = client

    async def start(self) -> AsyncPolicyClient:
        await asyncio.to_thread(self.client.start)
        return self

    async def close(self) -> None:
        """Stop polling and send what outcomes are waiting."""
        await asyncio.to_thread(self.client.close)

    async def poll_once(self) -> bool:
        """Ask the console now; False when that failed."""
        return await asyncio.to_thread(self.client.poll_once)

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait until requests can be decided; whether they can."""
        return await asyncio.to_thread(self.client.wait_ready, timeout_s)

    async def wait_polled(self, timeout_s: float) -> bool:
        """Wait until the console was asked once, whatever came of it."""
        return await asyncio.to_thread(self.client.wait_polled, timeout_s)

    @property
    def release(self) -> Release | None:
        return self.client.release

    @property
    def health(self) -> Health:
        return self.client.health

    def decide(self, request: Request | Mapping[str, object]) -> Decided:
        """Decide at once; see PolicyClient."""
        return self.client.decide(request)

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        """What to do after these attempts; carry its `wait_ms` out with `asyncio.sleep`."""
        return self.client.next_attempt(decided, attempts)

    def attempts(self, decided: Decided) -> Attempts:
        """The attempts to make, for `async for`, each after its wait."""
        return self.client.attempts(decided)

    def outcome(
        self, decided: Decided, attempts: Sequence[Attempt], **told: Unpack[Told]
    ) -> dict[str, object]:
        """The outcome event; the keywords are those of `outcomes.Told`."""
        return self.client.outcome(decided, attempts, **told)

    def report(self, event: Mapping[str, object]) -> bool:
        """Keep an outcome event to be sent; one write to a local file, no wait for the console."""
        return self.client.report(event)

    async def __aenter__(self) -> AsyncPolicyClient:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.close()
