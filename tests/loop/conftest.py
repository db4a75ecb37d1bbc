"""The demo console and a router that polls it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loop.poller import Poller
from tests.services.console import Console


@pytest.fixture
def poller(demo_console: Console, tmp_path: Path) -> Iterator[Poller]:
    """A router of the demo workflow's production, which has its release already."""
    token = demo_console.demo()["router_token"]
    router = Poller(demo_console.url, token, tmp_path / "router")
    router.next_release(within=10)
    yield router
    router.stop()
