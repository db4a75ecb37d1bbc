"""What is remembered of requests is what is asked again, and bounded in bytes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from policies.client import PolicyClient
from policies.client.desk import MOST_BYTES_OF_ATTRIBUTES, Desk, NotRemembered
from policies.client.messages import MOST_ATTEMPTS, decision_answer
from policies.engine import Attempt, DocumentError, Request
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole

NO_SIZES = {"input_tokens": None, "max_output_tokens": None}
FAILED = Attempt("swift-large", "timeout")


@pytest.fixture
def client(router: Router) -> PolicyClient:
    client = router()
    client.poll_once()
    return client


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"task": "code", **{f"k{number}": "x" * 300 for number in range(500)}}, {"task": "code"}),
        ({"task": "x" * MOST_BYTES_OF_ATTRIBUTES}, {}),
    ],
    ids=["undeclared", "too large"],
)
def test_request__with_more_than_an_outcome_tells__is_remembered_without(
    client: PolicyClient, console: FakeConsole, sent: dict[str, str], told: dict[str, str]
) -> None:
    desk = Desk(client)
    desk.decide(Request(sent, request_id="r-1"))
    desk.report({"request_id": "r-1"})
    client.close()
    (event,) = console.asked_for("/api/v1/outcomes")[0].events
    assert event["attributes"] == told


def test_request__again_with_its_attempts__keeps_its_decision_and_is_told_what_is_ignored(
    client: PolicyClient,
) -> None:
    desk, request = Desk(client), Request({"task": "code", "colour": "red"}, request_id="r-1")
    first = desk.decide(request)
    again = desk.decide(request, [FAILED])
    assert again.chain is first.chain
    assert decision_answer(again) == decision_answer(first)


def test_decisions__larger_together_than_may_be__are_forgotten_from_the_oldest_on(
    client: PolicyClient,
) -> None:
    desk = Desk(client, remembered_bytes=25_000)
    for number in range(3):
        desk.decide(Request({"task": "x" * 10_000}, request_id=f"r-{number}"))
    with pytest.raises(NotRemembered):
        desk.next_attempt({"request_id": "r-0"})
    assert desk.next_attempt({"request_id": "r-1"})
    assert desk.next_attempt({"request_id": "r-2"})


def test_decisions_sent_back__larger_together_than_may_be__are_forgotten_from_the_oldest_on(
    client: PolicyClient,
) -> None:
    answer = decision_answer(client.decide(Request(request_id="r-0")))
    desk = Desk(client, remembered_bytes=25_000)
    wide = {**answer, "refused": "x" * 10_000}
    known = [
        desk.next_attempt({"decision": {**wide, "request_id": f"r-{number}"}})[0]
        for number in (1, 2, 3, 3, 1)
    ]
    assert known[2] is known[3]
    assert known[0] is not known[4]


def test_outcome__of_a_decision_that_was_sent_back__is_credited_to_the_release_that_made_it(
    client: PolicyClient, console: FakeConsole
) -> None:
    made_by = client.release
    answer = decision_answer(client.decide(Request(request_id="r-1")))
    desk = Desk(client)
    desk.next_attempt({"decision": answer})
    console.publish(2, share=10)
    client.poll_once()
    desk.report({"request_id": "r-1"})
    client.close()
    (event,) = console.asked_for("/api/v1/outcomes")[0].events
    assert made_by is not None and event.pop("release_digest") == made_by.digest
    assert event.keys() == {"request_id", "time"}


def test_attempts__as_many_as_may_be_told__take_no_memory_once_they_are_counted(
    client: PolicyClient,
) -> None:
    desk = Desk(client)
    for number in range(100):
        desk.decide(Request(request_id=f"r-{number}"))
    tracemalloc.start()
    try:
        for number in range(100):
            told = [
                {"model": f"{number}-{place}-{'x' * 150}", "failure_kind": "timeout"}
                for place in range(MOST_ATTEMPTS)
            ]
            desk.next_attempt({"request_id": f"r-{number}", "attempts": told})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100 * MOST_ATTEMPTS * 150


@pytest.mark.parametrize(
    "changed",
    [
        {"class": "of nobody"},
        {"requirements": {**NO_SIZES, "regions": ["mars"], "capabilities": []}},
        {"requirements": {**NO_SIZES, "regions": [], "capabilities": ["telepathy"]}},
    ],
    ids=["class", "regions", "capabilities"],
)
def test_decision_sent_back__that_its_release_cannot_make__is_refused(
    client: PolicyClient, changed: dict[str, Any]
) -> None:
    answer = decision_answer(client.decide(Request(request_id="r-1")))
    with pytest.raises(DocumentError, match="its release makes no such decision"):
        Desk(client).next_attempt({"decision": {**answer, **changed}})
