"""`/healthz` and `/readyz`: answered whatever the Host header says and whatever pages do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from routing_console.front.draining import Draining
from routing_console.front.wire import Answer, json_answer

ALIVE = json_answer(200, {"status": "alive"})


@dataclass
class Readiness:
    """Asks all that the console needs, in a thread of its own; who asks meanwhile hears the same.

    `problems` gives for each part a sentence about what is wrong, empty where nothing is.
    """

    problems: Callable[[], dict[str, str]]
    draining: Draining
    thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="readyz")
    )
    asking: asyncio.Future[dict[str, str]] | None = field(default=None, init=False)
    last: dict[str, str] = field(default_factory=dict, init=False)

    async def answer(self) -> Answer:
        """200 when all answers, else 503; either way it says which does not."""
        if self.draining.begun:
            return json_answer(503, {"status": "draining", "checks": {}})
        if self.asking is None or self.asking.done():
            loop = asyncio.get_running_loop()
            self.asking = loop.run_in_executor(self.thread, self.problems)
        self.last = problems = await asyncio.shield(self.asking)
        ready = not any(problems.values())
        checks = {name: {"ok": not why, "problem": why} for name, why in problems.items()}
        body = {"status": "ready" if ready else "not ready", "checks": checks}
        return json_answer(200 if ready else 503, body)
