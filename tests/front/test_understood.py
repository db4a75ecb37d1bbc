"""Requests known by their bytes: bounded, whatever is sent."""

from __future__ import annotations

from routing_console.front.understood import MOST
from tests.services.front_server import FrontServer
from tests.services.plane import UNLIMITED, plane_with
from tests.services.raw_client import CURRENT, HOLDINGS, connected, front_of


def test_bytes_of_polls__more_than_are_kept__begin_anew() -> None:
    own = FrontServer(front_of(plane_with(HOLDINGS, UNLIMITED)))
    understood = own.front.understood
    understood.update((b"%d" % n, understood.get(b"")) for n in range(MOST))  # type: ignore[misc]
    with connected(own) as client:
        for _ in range(2):
            client.poll(CURRENT)
            assert client.read().status == 304
        assert len(understood) == 1
        client.poll(CURRENT, f"User-Agent: {'x' * 1000}")
        assert client.read().status == 304
        assert len(understood) == 1
    own.stop()
