"""Breaker and retry budget are carried out by the client: counted once, by what it is told."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from policies.client import PolicyClient
from policies.client.lines import LineServer
from policies.engine import Attempt, NextAttempt, Runtime, Stop
from tests.client import fake_console
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole, running_console
from tests.policies.steps import documents

CODE = {"attributes": {"task": "code"}}
RETRIES = {"count": 2, "base_ms": 0, "max_ms": 0}


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def retrying(*, breaker: dict[str, Any] | None, share: int = 90) -> dict[str, Any]:
    """swift-large is retried twice before orchid is asked, within the demo's retry budget."""
    made = documents(share=share)
    for row in made["fallback_matrix"]["rows"]:
        row["retries"] = RETRIES
    budget = {"ratio": 0.1, "min_per_second": 1}
    made["fallback_matrix"]["limits"] = {"retry_budget": budget, "breaker": breaker}
    return made


@pytest.fixture
def breaker() -> dict[str, Any] | None:
    return {"failure_ratio": 0.5, "min_requests": 20, "window_s": 30, "cooldown_s": 15}


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch, breaker: dict[str, Any] | None
) -> Iterator[FakeConsole]:
    monkeypatch.setattr(
        fake_console, "documents", lambda share=90: retrying(breaker=breaker, share=share)
    )
    with running_console() as console:
        yield console


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(router: Router, clock: Clock) -> PolicyClient:
    client = router(monotonic=clock)
    client.poll_once()
    return client


def fail(client: PolicyClient, kind: str = "server_error") -> NextAttempt | Stop:
    """The step after a request whose first attempt failed."""
    decided = client.decide(CODE)
    return client.next_attempt(decided, [Attempt(str(decided.model), kind, 10)])


def told(steps: list[NextAttempt | Stop]) -> Counter[str]:
    return Counter(step.model if isinstance(step, NextAttempt) else step.reason for step in steps)


@pytest.mark.parametrize("breaker", [None])
def test_retry_budget__a_target_that_always_fails__is_retried_for_its_share_and_no_more(
    client: PolicyClient,
) -> None:
    # 11 are saved up, and 200 requests at a tenth bring 19.something more than were lost while full
    steps = told([fail(client) for _ in range(200)])
    assert steps == {"swift-large": 30, "orchid": 170}


@pytest.mark.parametrize("breaker", [None])
def test_retry_budget__as_time_passes__allows_min_per_second(
    client: PolicyClient, clock: Clock
) -> None:
    for _ in range(200):
        fail(client)
    steps = []
    for _ in range(10):
        clock.now += 1
        steps.append(fail(client))
    assert told(steps) == {"swift-large": 10}


def test_breaker__a_target_that_always_fails__is_left_alone_after_min_requests(
    client: PolicyClient, clock: Clock
) -> None:
    for _ in range(20):
        assert client.decide(CODE).decision.model == "swift-large"
        fail(client)
    assert client.runtime().open_breakers == {"swift-large"}
    decided = client.decide(CODE)
    assert (decided.model, decided.decision.model) == ("orchid", "swift-large")
    assert client.next_attempt(decided, []) == NextAttempt("orchid", 0)
    clock.now += 14.9
    assert client.decide(CODE).model == "orchid"
    clock.now += 0.1
    probes = [client.decide(CODE) for _ in range(5)]
    assert [probe.model for probe in probes] == ["swift-large"] * 3 + ["orchid"] * 2
    for probe in probes[:3]:
        client.next_attempt(probe, [Attempt("swift-large", None, 10)])
    assert client.decide(CODE).model == "swift-large"


def test_breaker__attempts_that_succeed__keep_it_closed(client: PolicyClient) -> None:
    for _ in range(100):
        decided = client.decide(CODE)
        failed = Attempt("swift-large", "timeout", 10)
        assert client.next_attempt(decided, [failed])
        good = [failed, Attempt("swift-large", None, 10), Attempt("swift-large", None, 10)]
        assert isinstance(client.next_attempt(decided, good), Stop)
    assert client.runtime().open_breakers == frozenset()


def test_next_attempt__asked_again_with_the_same_attempts__counts_and_answers_once(
    client: PolicyClient,
) -> None:
    decided = client.decide(CODE)
    made = [Attempt("swift-large", "server_error", 10)]
    answers = {client.next_attempt(decided, list(made)) for _ in range(50)}
    assert answers == {NextAttempt("swift-large", 0)}
    assert client.runtime() == Runtime()


def test_attempt__on_a_name_that_no_catalogue_has__is_not_counted(client: PolicyClient) -> None:
    for _ in range(50):
        client.next_attempt(client.decide(CODE), [Attempt("nobody", "timeout", 10)])
    assert client.runtime().open_breakers == frozenset()


def test_new_release__same_limits__goes_on_counting(
    client: PolicyClient, console: FakeConsole
) -> None:
    for _ in range(20):
        fail(client)
    console.publish(2, share=10)
    assert client.poll_once()
    assert client.decide(CODE).release.number == 2
    assert client.runtime().open_breakers == {"swift-large"}


def test_lines__a_request_and_its_attempts_line_by_line__are_counted_once(
    client: PolicyClient,
) -> None:
    lines = LineServer(client, reports=False)

    def ask(number: int, *kinds: str | None) -> Any:
        attempts = [{"model": "swift-large", "failure_kind": kind} for kind in kinds]
        line = {**CODE, "request_id": f"r-{number}", "attempts": attempts}
        return lines.answer(json.dumps(line).encode())["next"]

    for number in range(19):
        assert ask(number)["model"] == "swift-large"
        ask(number, "timeout")
        ask(number, "timeout")
    assert client.runtime().open_breakers == frozenset()
    ask(19, "timeout")
    assert client.runtime().open_breakers == {"swift-large"}
    assert ask(20) == {"do": "call", "model": "orchid", "wait_ms": 0}


@pytest.mark.parametrize("breaker", [None])
def test_threads__at_once__never_retry_more_than_the_budget_has(client: PolicyClient) -> None:
    steps: list[NextAttempt | Stop] = []
    threads = [
        threading.Thread(target=lambda: steps.extend(fail(client) for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(steps)["swift-large"] <= 11 + 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork__while_another_thread_counts__leaves_the_child_free_to_count(
    client: PolicyClient,
) -> None:
    with client._limiter._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if client.decide(CODE).model else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
