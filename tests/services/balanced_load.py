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

Connections = dict[int, http.client.HTTPConnection]

LOOK_EVERY_S = 0.02
PATIENCE_S = 30


@dataclass
class Load:
    """What polls were answered; `failures` says in words what none should have met."""

    servers: Sequence[Server]
    headers: Mapping[str, str]
    expected: frozenset[int]
    per_second: float
    retries: bool
    ready: list[Server] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    served_by: Counter[int] = field(default_factory=Counter)
    signatures: set[str] = field(default_factory=set)
    retried: int = 0
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
        connections: Connections = {}
        pause_s = threads / self.per_second
        due = time.monotonic()
        while not self.stopping.is_set():
            due = max(due + pause_s, time.monotonic() - 1)
            self.stopping.wait(max(due - time.monotonic(), 0))
            candidates = self.ready
            for gone in connections.keys() - {server.port for server in candidates}:
                connections.pop(gone).close()  # it will close them, too
            if candidates:
                number += 1
                self._one(candidates[number % len(candidates)], connections)
        for connection in connections.values():
            connection.close()

    def _one(self, server: Server, connections: Connections) -> None:
        error = self._asked(server, connections)
        others = [each for each in self.servers if each is not server]
        if error and self.retries and others:
            self.retried += 1
            error = self._asked(others[0], connections)
        if error:
            self.failures.append(error)

    def _asked(self, server: Server, connections: Connections) -> str:
        """Ask this server once; what went wrong, or nothing."""
        connection = connections.setdefault(
            server.port, http.client.HTTPConnection(server.address, timeout=PATIENCE_S)
        )
        try:
            connection.request("GET", "/api/v1/policy", headers=dict(self.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return f"{server.port}: {error!r}"
        self.statuses[answer.status] += 1
        self.served_by[server.port] += 1
        if signature := answer.headers["Policy-Signature"]:
            self.signatures.add(signature)
        return "" if answer.status in self.expected else f"{server.port}: {answer.status}"


@contextmanager
def polling(
    servers: Sequence[Server],
    headers: Mapping[str, str],
    *,
    expected: frozenset[int] = frozenset({200, 304}),
    per_second: float = 1000,
    threads: int = 8,
    retries: bool = False,
) -> Iterator[Load]:
    """Poll these servers until the block ends, at this rate if the machine can.

    With `retries` a poll whose connection broke is asked of another server once, as balancers do.
    """
    load = Load(servers, headers, expected, per_second, retries, ready=list(servers))
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
