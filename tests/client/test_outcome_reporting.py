"""Outcomes reach the console in batches, outlive its absence, and never hold up a decision."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from policies.client.bounds import RECEIPT
from policies.client.exchange import Exchanger
from policies.client.reporting import Reporter
from policies.client.segments import MOST_EVENTS
from policies.client.spool import Spool
from policies.client.transport import Transport
from tests.client.fake_console import NO_RECEIPTS, TAKEN, TOKEN, Answer, Asked, FakeConsole

OUTCOMES = "/api/v1/outcomes"
PROBLEM = {"Content-Type": "application/problem+json"}
# What nginx, an API gateway and a bare proxy say of a request that they do not hand on.
NOT_THE_CONSOLES: list[Answer] = [
    (400, {"Content-Type": "text/html"}, b"<html><h1>400 Bad Request</h1></html>"),
    (413, {"Content-Type": "application/json"}, b'{"detail": "Request Too Long"}'),
    (415, {}, b""),
    (422, {"Content-Type": "text/plain"}, b"no"),
]


def reporter(console: FakeConsole, said: list[str], **options: int) -> Reporter:
    """One that keeps its events in memory."""
    return on_disk(console, said, None, **options)


def on_disk(console: FakeConsole, said: list[str], folder: Path | None, **options: int) -> Reporter:
    transport = Transport(console.url, lambda: TOKEN, Exchanger(timeout_s=2))
    return Reporter(transport, Spool(folder, **options), said.append)


def reported(console: FakeConsole) -> list[object]:
    return [event["request_id"] for asked in console.asked_for(OUTCOMES) for event in asked.events]


def test_report__several_events__go_in_one_batch_with_the_token(
    console: FakeConsole, said: list[str]
) -> None:
    outbox = reporter(console, said)
    for number in range(3):
        outbox.add({"request_id": f"r-{number}"})
    outbox.close()
    (asked,) = console.asked_for(OUTCOMES)
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert reported(console) == ["r-0", "r-1", "r-2"]
    assert said == []


def test_report__more_than_a_batch__goes_at_once_and_in_order(
    console: FakeConsole, said: list[str]
) -> None:
    outbox = reporter(console, said)
    names: list[object] = [f"r-{number}" for number in range(2 * MOST_EVENTS + 1)]
    for name in names:
        outbox.add({"request_id": name})
    outbox.close()
    assert reported(console) == names
    assert len(console.asked_for(OUTCOMES)) >= 3


def test_report__large_events__go_in_batches_the_console_can_take(
    console: FakeConsole, said: list[str]
) -> None:
    outbox = reporter(console, said)
    for number in range(4):
        outbox.add({"request_id": f"r-{number}", "attributes": {"text": "x" * 900_000}})
    outbox.close()
    assert reported(console) == ["r-0", "r-1", "r-2", "r-3"]
    assert all(len(asked.events) <= 2 for asked in console.asked_for(OUTCOMES))


def test_report__console_in_trouble__keeps_the_events_and_sends_them_later(
    console: FakeConsole, said: list[str]
) -> None:
    console.outcomes = (503, {"Retry-After": "0"}, b"")
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    wait_until(lambda: len(said) == 1)
    console.outcomes = TAKEN
    outbox.close()
    assert "are kept" in said[0]
    assert reported(console)[-1] == "r-1"
    assert outbox.waiting == 0


def test_report__batch_that_cannot_be_taken__is_given_up_and_told(
    console: FakeConsole, said: list[str]
) -> None:
    console.outcomes = (422, PROBLEM, b'{"detail": "Not a list of events."}')
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    outbox.close()
    assert "1 outcomes are given up" in said[0] and "Not a list of events." in said[0]
    assert (outbox.waiting, outbox.lost) == (0, 1)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        *((answer, f"answers {answer[0]}") for answer in NOT_THE_CONSOLES),
        *((answer, "without a receipt") for answer in NO_RECEIPTS),
    ],
)
def test_report__answered_by_somebody_on_the_way__is_kept_and_sent_later(
    console: FakeConsole, said: list[str], answer: Answer, why: str
) -> None:
    console.outcomes = answer
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    wait_until(lambda: len(said) == 1)
    assert (outbox.waiting, outbox.lost) == (1, 0)
    assert why in outbox.last_error
    console.outcomes = TAKEN
    outbox.close()
    assert (outbox.waiting, outbox.lost, outbox.last_error) == (0, 0, "")
    assert reported(console)[-1] == "r-1"


def test_report__some_events_refused__are_told_with_their_place(
    console: FakeConsole, said: list[str]
) -> None:
    console.outcomes = (
        200,
        {},
        b'{"accepted": 0, "duplicates": 0,'
        b' "rejected": [{"index": 0, "pointer": "/time", "message": "no"}]}',
    )
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    outbox.close()
    assert "/time" in said[0]
    assert (outbox.lost, outbox.last_error) == (1, said[0])


def test_report__event_refused_for_several_reasons__is_one_lost(
    console: FakeConsole, said: list[str]
) -> None:
    reasons = [{"index": index, "pointer": "/a", "message": "no"} for index in (0, 0, 0, 1)]
    receipt = {"accepted": 0, "duplicates": 0, "rejected": reasons}
    console.outcomes = (207, {}, json.dumps(receipt).encode())
    outbox = reporter(console, said)
    for number in range(3):
        outbox.add({"request_id": f"r-{number}"})
    outbox.close()
    assert outbox.lost == 2
    assert len(said) == 4 + 1


def test_report__receipt_as_full_of_short_reasons_as_it_may_be__is_read(
    console: FakeConsole, said: list[str]
) -> None:
    """One that was not would be asked for again and again, and hold up all that came later."""
    reason = {"index": 0, "pointer": "/time", "message": "is required"}
    length = len(json.dumps(reason, separators=(",", ":"))) + 1
    reasons = [reason] * (RECEIPT.most_bytes // length - 1)
    receipt = {"accepted": 0, "duplicates": 0, "rejected": reasons}
    console.outcomes = (207, {}, json.dumps(receipt, separators=(",", ":")).encode())
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    outbox.close()
    assert said[0].startswith("The console refused an outcome") and outbox.lost == 1


HUGE_PAGE: Answer = (200, {}, b" " * (RECEIPT.most_bytes + 1))


def test_report__answer_too_large_to_be_a_receipt__keeps_the_events_and_sends_them_later(
    console: FakeConsole, said: list[str]
) -> None:
    console.outcomes = HUGE_PAGE
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1"})
    wait_until(lambda: len(said) == 1)
    assert (outbox.waiting, outbox.lost) == (1, 0)
    assert "larger than" in outbox.last_error
    console.outcomes = TAKEN
    outbox.close()
    assert (outbox.waiting, outbox.lost) == (0, 0)
    assert reported(console)[-1] == "r-1"


@pytest.mark.parametrize(
    "refusal",
    [(413, {}, b""), (413, PROBLEM, b'{"detail": "Send it in parts."}'), HUGE_PAGE],
    ids=["somebody on the way", "console", "receipt"],
)
def test_report__batch_too_large__goes_in_parts_once_each_and_in_order(
    console: FakeConsole, said: list[str], refusal: Answer
) -> None:
    taken: list[object] = []

    def at_most_three(asked: Asked) -> Answer | None:
        if len(asked.events) > 3:
            return refusal
        taken.extend(event["request_id"] for event in asked.events)
        return None

    console.proxy = at_most_three
    outbox = reporter(console, said)
    names = [f"r-{number}" for number in range(11)]
    for name in names:
        outbox.add({"request_id": name})
    outbox.close()
    assert taken == names
    assert (outbox.waiting, outbox.lost, outbox.last_error, said) == (0, 0, "", [])


def test_report__one_event_that_the_console_cannot_take__is_alone_given_up(
    console: FakeConsole, said: list[str]
) -> None:
    def small(asked: Asked) -> Answer | None:
        is_large = "r-5" in {event["request_id"] for event in asked.events}
        return (413, PROBLEM, b'{"detail": "Too large."}') if is_large else None

    console.proxy = small
    outbox = reporter(console, said)
    for number in range(11):
        outbox.add({"request_id": f"r-{number}"})
    outbox.close()
    assert (outbox.waiting, outbox.lost) == (0, 1)
    assert "1 outcomes are given up" in said[0] and "Too large." in said[0]


def test_report__part_refused_before_the_console_went_away__is_counted_once(
    console: FakeConsole, said: list[str]
) -> None:
    large: Answer = (413, PROBLEM, b'{"detail": "Too large."}')
    console.proxy = lambda asked: large if asked.events[0]["request_id"] == "r-0" else None
    console.outcomes = (503, {"Retry-After": "0"}, b"")
    outbox = reporter(console, said)
    for number in range(2):
        outbox.add({"request_id": f"r-{number}"})
    wait_until(lambda: reported(console).count("r-1") >= 4)
    assert (outbox.waiting, outbox.lost) == (2, 0)
    console.outcomes = TAKEN
    outbox.close()
    assert (outbox.waiting, outbox.lost) == (0, 1)


def test_report__refused_before_the_console_went_away__tells_first_why_it_cannot_deliver(
    console: FakeConsole, said: list[str]
) -> None:
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1", "latency_ms": float("nan")})
    assert outbox.last_error == said[0]
    console.outcomes = (503, {"Retry-After": "0"}, b"")
    outbox.add({"request_id": "r-2"})
    wait_until(lambda: "503" in outbox.last_error)
    console.outcomes = TAKEN
    outbox.close()
    assert (outbox.waiting, outbox.last_error) == (0, said[0])


def test_report__more_than_may_be_kept__loses_the_oldest_and_says_how_many(
    console: FakeConsole, said: list[str]
) -> None:
    console.outcomes = (503, {}, b"")
    outbox = reporter(console, said, most_bytes=100_000)
    for number in range(4 * MOST_EVENTS):
        outbox.add({"request_id": f"r-{number:05}", "filling": "x" * 60})
    assert outbox.waiting + outbox.lost == 4 * MOST_EVENTS
    assert 100_000 - 60_000 < outbox.waiting_bytes <= 100_000
    assert "There are more outcomes than may be kept; the oldest are lost." in said
    outbox.close()
    assert said[-1] == f"{4 * MOST_EVENTS} outcomes were not reported."


def test_report__event_that_is_not_json__is_left_out_and_told(
    console: FakeConsole, said: list[str]
) -> None:
    outbox = reporter(console, said)
    outbox.add({"request_id": "r-1", "latency_ms": float("nan")})
    outbox.add({"request_id": "r-2", "time": object()})
    outbox.close()
    assert [sentence.partition(":")[0] for sentence in said] == [
        "An outcome is lost",
        "An outcome is lost",
        "2 outcomes were not reported.",
    ]
    assert console.asked_for(OUTCOMES) == []


def wait_until(true: object, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)
