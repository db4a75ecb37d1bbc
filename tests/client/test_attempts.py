"""A decision is carried out attempt by attempt, in threads and in asyncio, waits included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from policies.client import AsyncPolicyClient, Attempt, NextAttempt, PolicyClient, Stop
from policies.client.attempts import Attempts
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole
from tests.services import loops

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}


@pytest.fixture
def client(console: FakeConsole, router: Router) -> Iterator[PolicyClient]:
    client = router()
    client.poll_once()
    yield client


def test_attempts__first_target_fails__the_next_is_tried_and_both_are_in_the_outcome(
    client: PolicyClient,
) -> None:
    decided = client.decide(REQUEST)
    attempts, tried = client.attempts(decided), []
    for attempt in attempts:
        tried.append(attempt.model)
        if attempt.model == "swift-large":
            attempt.failed("timeout")
        else:
            attempt.succeeded(cost_usd=0.002)
    assert tried == ["swift-large", "orchid"]
    assert attempts.stop is not None and attempts.stop.reason == "succeeded"
    assert [a.failure_kind for a in attempts.made] == ["timeout", None]
    event = client.outcome(decided, attempts.made)
    assert [a["model"] for a in event["attempts"]] == tried  # type: ignore[attr-defined]


def test_attempts__left_after_success__need_not_be_ended(client: PolicyClient) -> None:
    attempts = client.attempts(client.decide(REQUEST))
    for attempt in attempts:
        attempt.succeeded()
        break
    assert [a.failure_kind for a in attempts.made] == [None]


def test_attempts__one_that_nothing_is_said_of__is_an_error_of_the_caller(
    client: PolicyClient,
) -> None:
    attempts = client.attempts(client.decide(REQUEST))
    with pytest.raises(RuntimeError, match="succeeded or failed"):
        for _ in attempts:
            pass


def test_attempts__kind_of_failure_that_is_none__is_an_error_of_the_caller(
    client: PolicyClient,
) -> None:
    attempt = next(iter(client.attempts(client.decide(REQUEST))))
    with pytest.raises(ValueError, match="tiredness"):
        attempt.failed("tiredness")


def waiting(made: object) -> NextAttempt | Stop:
    """Two attempts, the second after 50 ms."""
    steps = [NextAttempt("a"), NextAttempt("b", wait_ms=50)]
    count = len(made)  # type: ignore[arg-type]
    return steps[count] if count < len(steps) else Stop("exhausted", "No target is left.")


def test_attempts__in_asyncio__wait_without_holding_up_the_loop() -> None:
    async def run() -> tuple[list[Attempt], int, float]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking, began = asyncio.create_task(tick()), time.monotonic()
        attempts = Attempts(waiting)
        async for attempt in attempts:
            attempt.failed("server_error")
        ticking.cancel()
        return attempts.made, ticks, time.monotonic() - began

    made, ticks, took = loops.run(run())
    assert [a.model for a in made] == ["a", "b"]
    assert took >= 0.05
    assert ticks > 1


def test_attempts__in_a_thread__wait_as_long() -> None:
    began, attempts = time.monotonic(), Attempts(waiting)
    for attempt in attempts:
        attempt.failed("server_error")
    assert time.monotonic() - began >= 0.05
    assert attempts.stop is not None and attempts.stop.reason == "exhausted"


def test_async_client__from_start_to_close__decides_reports_and_never_blocks_the_loop(
    console: FakeConsole, router: Router
) -> None:
    async def run() -> object:
        async with AsyncPolicyClient(router(interval_s=0.05)) as client:
            assert await client.wait_ready(10)
            assert await client.wait_polled(10)
            decided = client.decide(REQUEST)
            async for attempt in client.attempts(decided):
                attempt.succeeded()
            assert client.report(client.outcome(decided, [Attempt("swift-large")]))
            assert client.health.ready
            assert await client.poll_once()
            return client.release

    assert loops.run(run()) is not None
    (asked,) = console.asked_for("/api/v1/outcomes")
    assert asked.events[0]["model"] == "swift-large"
