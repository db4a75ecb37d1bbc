"""A fake console and routers that poll it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.client import PolicyClient
from tests.client.fake_console import NOW, TOKEN, FakeConsole, running_console


@pytest.fixture
def console() -> Iterator[FakeConsole]:
    with running_console() as console:
        yield console


@pytest.fixture
def said() -> list[str]:
    """What the routers of this test told."""
    return []


@pytest.fixture
def router(
    console: FakeConsole, tmp_path: Path, said: list[str]
) -> Iterator[Callable[..., PolicyClient]]:
    """Routers on one state folder, at a fixed time; call again for a restarted one."""
    made: list[PolicyClient] = []

    def make(**options: Any) -> PolicyClient:
        defaults: dict[str, Any] = {
            "url": console.url,
            "token": TOKEN,
            "state_dir": tmp_path / "state",
            "timeout_s": 2.0,
            "say": said.append,
            "clock": NOW.timestamp,
        }
        made.append(PolicyClient(**{**defaults, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close()


Router = Callable[..., PolicyClient]
