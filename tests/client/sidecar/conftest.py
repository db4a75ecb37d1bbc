"""Sidecars in this process, each on a free port, over a client that holds release 1."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policies.client import PolicyClient
from policies.client.sidecar.connections import Limits
from policies.client.sidecar.listening import Address, parse_address
from policies.client.sidecar.server import Place, Sidecar
from tests.client.conftest import Router


@dataclass
class Answered:
    """An answer of the sidecar."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def pointers(self) -> list[str]:
        return [problem["pointer"] for problem in self.json["problems"]]


@dataclass
class Running:
    """A sidecar that listens at `address`."""

    client: PolicyClient
    addresses: list[Address]
    stop: Callable[[], None]

    @property
    def port(self) -> int:
        return self.addresses[0].port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = body if body is not None or document is None else json.dumps(document).encode()
        fields = {"Content-Type": "application/json"} if sent is not None else {}
        try:
            connection.request(method, path, sent, {**fields, **(headers or {})})
            response = connection.getresponse()
            return Answered(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def post(self, path: str, document: object) -> Answered:
        return self.ask("POST", path, document)


@contextmanager
def running(
    client: PolicyClient,
    *places: Place,
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Running]:
    """A sidecar in a thread, at a free port of loopback unless told otherwise."""
    where = places or (Place(parse_address("127.0.0.1:0")),)
    opened = threading.Event()
    found: dict[str, Any] = {}

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        sidecar = Sidecar(client, say=say, limits=limits)
        found["addresses"] = await sidecar.open(where)
        found["stop"] = lambda: loop.call_soon_threadsafe(stop.set)
        opened.set()
        await sidecar.serve(stop)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert opened.wait(10)

    def stop() -> None:
        if thread.is_alive():
            found["stop"]()
        thread.join(10)

    try:
        yield Running(client, found["addresses"], stop)
    finally:
        stop()


@pytest.fixture
def sidecar(router: Router, said: list[str]) -> Iterator[Running]:
    client = router()
    client.poll_once()
    with running(client, say=said.append) as started:
        yield started


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "router.sock"
