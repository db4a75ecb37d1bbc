"""The probes: answered whatever the Host header says and whatever pages do."""

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
    """Asks all that the process needs, in a thread of its own; who asks meanwhile hears the same.

    `problems` gives for each part a sentence about what is wrong, empty where nothing is;
    `delivery_problem` one about delivery, without waiting.
    """

    problems: Callable[[], dict[str, str]]
    delivery_problem: Callable[[], str]
    draining: Draining
    thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="readyz")
    )
    asking: asyncio.Future[dict[str, str]] | None = field(default=None, init=False)
    last: dict[str, str] = field(default_factory=dict, init=False)

    async def answer(self) -> Answer:
        """200 when all answers, else 503; either way it says which does not."""
        if self.draining.begun:
            return _answer("draining", {})
        if self.asking is None or self.asking.done():
            loop = asyncio.get_running_loop()
            self.asking = loop.run_in_executor(self.thread, self.problems)
        problems = {**await asyncio.shield(self.asking), "delivery": self.delivery_problem()}
        self.last = problems
        return _answer("not ready" if any(problems.values()) else "ready", problems)

    def delivery_answer(self) -> Answer:
        """The same of delivery alone, which goes on from memory when all else is away."""
        problem = self.delivery_problem()
        status = "draining" if self.draining.begun else "not ready" if problem else "ready"
        return _answer(status, {"delivery": problem})


def _answer(status: str, problems: dict[str, str]) -> Answer:
    checks = {name: {"ok": not why, "problem": why} for name, why in problems.items()}
    return json_answer(200 if status == "ready" else 503, {"status": status, "checks": checks})
