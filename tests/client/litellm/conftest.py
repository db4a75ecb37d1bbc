"""LiteLLM itself, in a process of its own, and a provider for it to call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.litellm.fake_provider import FakeProvider, running_provider
from tests.client.litellm.process import Process, running_process


@pytest.fixture(scope="session")
def litellm_process() -> Iterator[Process]:
    with running_process() as process:
        yield process


@pytest.fixture(scope="session")
def running() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FakeProvider) -> FakeProvider:
    """A provider that answers everything until it is ordered to fail."""
    running.forget()
    return running
