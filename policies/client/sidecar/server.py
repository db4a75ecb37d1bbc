"""A sidecar while it runs: its listeners, the clock over its connections, and its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..client import PolicyClient
from .answers import Answers
from .connections import Connection, Gathering, Limits
from .figures import Figures
from .listening import Address, listen
from .probes import Probes
from .routes import Routes, Say

SWEEP_S = 0.5
DRAIN_S = 5.0


@dataclass(frozen=True)
class Place:
    """Where a sidecar listens, and whether for probes alone."""

    address: Address
    probes_only: bool = False


class Sidecar:
    """One client's answers at some addresses. The client is the caller's to start and close."""

    def __init__(self, client: PolicyClient, *, say: Say, limits: Limits | None = None) -> None:
        self._closing = False
        figures = Figures(client)
        probes = Probes(client, figures, lambda: self._closing).routes
        everything = [*Answers(client, figures).routes, *probes]
        limits = limits or Limits()
        of_probes = replace(limits, connections=limits.probe_connections)
        self._all = Gathering(Routes(everything, figures, say), limits)
        self._probes = Gathering(Routes(probes, figures, say), of_probes)
        self._servers: list[asyncio.Server] = []
        self._addresses: list[Address] = []

    async def open(self, places: Sequence[Place]) -> list[Address]:
        """Begin to listen; gives the addresses with the ports that were free. Raises ClientError
        for one that cannot be had.
        """
        loop = asyncio.get_running_loop()
        listeners = [(place, listen(place.address)) for place in places]
        for place, listener in listeners:
            gathering = self._probes if place.probes_only else self._all
            hosts = place.address.hosts

            def connection(
                gathering: Gathering = gathering, hosts: frozenset[str] | None = hosts
            ) -> Connection:
                return Connection(gathering, hosts)

            if place.address.path:
                server = await loop.create_unix_server(connection, sock=listener)
                self._addresses.append(place.address)
            else:
                server = await loop.create_server(connection, sock=listener)
                name = listener.getsockname()
                self._addresses.append(Address(place.address.host, name[1]))
            self._servers.append(server)
        return self._addresses

    async def serve(self, until: asyncio.Event) -> None:
        """Answer until the event is set, then let requests that are on their way finish."""
        sweeping = asyncio.create_task(self._keep_sweeping())
        await until.wait()
        await self._drain()
        sweeping.cancel()

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._all.sweep()
            self._probes.sweep()

    async def _drain(self) -> None:
        self._closing = True
        # The file goes first: once nobody listens at it, a successor may have made its own.
        for address in self._addresses:
            address.forget()
        for server in self._servers:
            server.close()
        for gathering in (self._all, self._probes):
            gathering.close_idle()
        deadline = time.monotonic() + DRAIN_S
        while self._connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for connection in self._connections:
            connection.abort()

    @property
    def _connections(self) -> list[Connection]:
        return [*self._all.connections, *self._probes.connections]
