"""Routers behind a load balancer: they poll whichever server says that it is ready."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.services.server import Server

LOOK_EVERY_S = 0.02
PATIENCE_S = 30


@dataclass
class Load:
    """What polls were answered; `failures` says in words what none should have met."""

    servers: Sequence[Server]
    headers: Mapping[str, str]
    expected: frozenset[int]
    per_second: float
    ready: list[Server] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    served_by: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def wait_for_more(self, count: int) -> None:
        """Return when so many more polls were answered than until now."""
        enough = sum(self.statuses.values()) + count
        give_up_at = time.monotonic() + PATIENCE_S
        while sum(self.statuses.values()) < enough and not self.failures:
            assert time.monotonic() < give_up_at, f"only {self.statuses} were answered"
            time.sleep(0.01)

    def look(self) -> None:
        """As a load balancer does: ask each server all the time whether it takes requests."""
        while not self.stopping.wait(LOOK_EVERY_S):
            self.ready = [server for server in self.servers if server.is_ready()]

    def poll(self, number: int, threads: int) -> None:
        connections: dict[int, http.client.HTTPConnection] = {}
        pause_s = threads / self.per_second
        due = time.monotonic()
        while not self.stopping.is_set():
            due = max(due + pause_s, time.monotonic() - 1)
            self.stopping.wait(max(due - time.monotonic(), 0))
            candidates = self.ready
            if candidates:
                number += 1
                self._one(candidates[number % len(candidates)], connections)
        for connection in connections.values():
            connection.close()

    def _one(self, server: Server, connections: dict[int, http.client.HTTPConnection]) -> None:
        connection = connections.setdefault(
            server.port, http.client.HTTPConnection(server.address, timeout=PATIENCE_S)
        )
        try:
            connection.request("GET", "/api/v1/policy", headers=dict(self.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{server.port}: {error!r}")
            connection.close()
            return
        self.statuses[answer.status] += 1
        self.served_by[server.port] += 1
        if answer.status not in self.expected:
            self.failures.append(f"{server.port}: {answer.status}")


@contextmanager
def polling(
    servers: Sequence[Server],
    headers: Mapping[str, str],
    *,
    expected: frozenset[int] = frozenset({200, 304}),
    per_second: float = 1000,
    threads: int = 8,
) -> Iterator[Load]:
    """Poll these servers until the block ends, at this rate if the machine can."""
    load = Load(servers, headers, expected, per_second, ready=list(servers))
    workers = [threading.Thread(target=load.look)]
    workers += [threading.Thread(target=load.poll, args=(n, threads)) for n in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield load
    finally:
        load.stopping.set()
        for worker in workers:
            worker.join()
