"""Whatever goes wrong, the last good release goes on deciding, and the next poll asks anew."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from policies.client import PolicyClient
from policies.client.exchange import retry_after_s
from tests.client.conftest import Router
from tests.client.fake_console import NOW, TOKEN, Answer, FakeConsole, Key, release_body

REQUEST = {"attributes": {"task": "answer"}, "request_id": "r-1"}


@pytest.fixture
def client(console: FakeConsole, router: Router) -> PolicyClient:
    """A router with release 5, whose console has release 6."""
    console.publish(5)
    client = router()
    assert client.poll_once()
    console.publish(6)
    return client


def assert_keeps_release_5(client: PolicyClient, console: FakeConsole, said: list[str]) -> None:
    """The poll fails and is told; afterwards a healthy console is believed again."""
    assert not client.poll_once()
    assert said[-1].endswith(". Going on with release 5.")
    assert client.decide(REQUEST).release.number == 5
    console.fault = lambda answer: answer
    console.publish(6)
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 6


def replaced(**headers: str) -> Callable[[Answer], Answer]:
    return lambda answer: (answer[0], {**answer[1], **headers}, answer[2])


def test_poll__signature_of_another_body__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str]
) -> None:
    other = console.key.sign(release_body(7))
    console.fault = replaced(**{"Policy-Signature": other})
    assert_keeps_release_5(client, console, said)
    assert "signature does not hold" in said[-2]


@pytest.mark.parametrize(
    "signature",
    ["", "garbage", "e30..", "a.b.c", "..", "eyJhbGciOiJFZERTQSJ9..AA==", "é..é"],
)
def test_poll__signature_that_is_none__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str], signature: str
) -> None:
    console.fault = replaced(**{"Policy-Signature": signature})
    assert_keeps_release_5(client, console, said)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["b64"]}])
def test_poll__signature_of_another_kind__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str], header: dict[str, object]
) -> None:
    console.signature = console.key.sign(console.body, **header)
    assert_keeps_release_5(client, console, said)


def test_poll__signed_by_a_stranger_under_the_known_kid__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str]
) -> None:
    console.signature = Key().sign(console.body, kid=console.key.kid)
    assert_keeps_release_5(client, console, said)


def test_poll__older_release__is_a_replay(
    client: PolicyClient, console: FakeConsole, said: list[str]
) -> None:
    console.publish(4)
    assert_keeps_release_5(client, console, said)
    (sentence,) = (told for told in said if "replay" in told)
    # As after a backup was restored; else the router refuses for ever, and nobody knows a way out.
    assert "restored from a backup" in sentence
    assert "delete newest.json and release.json" in sentence


@pytest.mark.parametrize("options", [{"number": 4}, {"not_after": NOW.replace(day=20)}])
def test_poll__older_release_from_a_plane_that_is_cut_off__is_told_as_that_planes_trouble(
    client: PolicyClient, console: FakeConsole, said: list[str], options: dict[str, Any]
) -> None:
    console.publish(**{"number": 5, **options})
    console.fault = replaced(**{"Routing-Console-Source": "memory", "Age": "3600"})
    assert_keeps_release_5(client, console, said)
    (told,) = (sentence for sentence in said if "older" in sentence)
    assert "is behind: it is cut off since 2026-03-01 11:00 UTC" in told
    assert not any(word in told for word in ("replay", "delete", "backup"))


@pytest.mark.parametrize("age", ["", "-1", "soon", "9" * 400])
def test_poll__newer_release_from_a_plane_that_is_cut_off__is_taken_up_whatever_its_age(
    client: PolicyClient, console: FakeConsole, age: str
) -> None:
    console.fault = replaced(**{"Routing-Console-Source": "memory", "Age": age})
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 6


def test_poll__earlier_copy_of_a_renewed_release__is_a_replay(
    client: PolicyClient, console: FakeConsole, said: list[str]
) -> None:
    console.publish(5, not_after=NOW.replace(day=20))
    assert_keeps_release_5(client, console, said)


@pytest.mark.parametrize("changes", [{"workflow": "other"}, {"environment": "staging"}])
def test_poll__release_of_another_place__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str], changes: dict[str, object]
) -> None:
    console.publish(9, changes=changes)
    assert_keeps_release_5(client, console, said)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"rollout": {"share": 0.1}},
        {"bundle": {"schema": 1}},
        {"release": {}},
        {"release": None},
        {"workflow": 7},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_poll__signed_but_not_understood__is_refused(
    client: PolicyClient, console: FakeConsole, said: list[str], changes: dict[str, object]
) -> None:
    console.publish(9, changes=changes)
    assert_keeps_release_5(client, console, said)


def cut(answer: Answer) -> Answer:
    """Half of the body under the length of the whole."""
    status, headers, body = answer
    return status, {**headers, "Content-Length": str(len(body))}, body[: len(body) // 2]


def cut_without_saying(answer: Answer) -> Answer:
    status, headers, body = answer
    return status, headers, body[: len(body) // 2]


def mispacked(answer: Answer) -> Answer:
    return answer[0], answer[1], b"this is not gzip"


@pytest.mark.parametrize("fault", [cut, cut_without_saying, mispacked])
def test_poll__damaged_body__is_refused(
    client: PolicyClient,
    console: FakeConsole,
    said: list[str],
    fault: Callable[[Answer], Answer],
) -> None:
    console.fault = fault
    assert_keeps_release_5(client, console, said)


def test_poll__token_revoked__keeps_the_release_and_says_why(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    router().poll_once()
    client = router(token=TOKEN[::-1])
    assert not client.poll_once()
    assert "401 Unauthorized: This token was revoked." in said[-1]
    assert client.decide(REQUEST).release.number == 1


@pytest.mark.parametrize("status", [404, 500, 503])
def test_poll__console_in_trouble__keeps_the_release(
    client: PolicyClient, console: FakeConsole, said: list[str], status: int
) -> None:
    console.fault = lambda answer: (status, {"Retry-After": "7"}, b"<html>")
    assert_keeps_release_5(client, console, said)


def test_poll__retry_after__is_remembered_for_the_next_pause(
    client: PolicyClient, console: FakeConsole
) -> None:
    console.fault = lambda answer: (503, {"Retry-After": "7"}, b"")
    client.poll_once()
    assert (client.health.failures, client.health.retry_after_s) == (1, 7)


def test_poll__same_trouble_again__is_told_once(
    client: PolicyClient, console: FakeConsole, said: list[str]
) -> None:
    console.fault = lambda answer: (503, {}, b"")
    for _ in range(3):
        client.poll_once()
    assert sum("503" in sentence for sentence in said) == 1


def test_poll__disk_full__puts_the_new_release_in_force_and_keeps_it_once_it_can(
    client: PolicyClient,
    console: FakeConsole,
    router: Router,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert client.poll_once() and client.poll_once()
        assert client.decide(REQUEST).release.number == 6
        assert "No space left" in client.health.disk
        assert client.health.ready
        assert router().decide(REQUEST).release.number == 5
    assert sum("is in force but not kept" in sentence for sentence in said) == 1
    assert client.poll_once()
    assert client.health.disk == ""
    assert router().decide(REQUEST).release.number == 6


def test_poll__unexpected_place_given_beforehand__is_refused(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router(expect="support-assistant/staging")
    assert not client.poll_once()
    assert "not for support-assistant/staging as expected" in said[-1]
    assert client.release is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("12", 12), ("0", 0), ("-5", 0), ("999999", 3600), ("soon", 0), ("²", 0), (None, 0)],
)
def test_retry_after__delay__is_read_within_bounds(value: str | None, seconds: float) -> None:
    assert retry_after_s(value) == seconds


def test_retry_after__date__counts_from_now() -> None:
    assert retry_after_s("Fri, 31 Dec 2999 23:59:59 GMT") == 3600
    assert retry_after_s("Mon, 01 Jan 2001 00:00:00 GMT") == 0


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 99 Jan 2999 00:00:00 GMT",
        "Mon, 01 Foo 2999 00:00:00 GMT",
        "Mon, 01 Jan 2999 00:00:00 -99999999999999999999",
        "Fri, 31 Dec 2999 23:59:59 GMT" * 2_000,
    ],
)
def test_retry_after__date_that_is_none__asks_for_nothing(
    console: FakeConsole, client: PolicyClient, date: str
) -> None:
    assert retry_after_s(date) == 0
    console.fault = lambda answer: (503, {"Retry-After": date}, b"")
    assert not client.poll_once()
    assert client.health.failures == 1


def test_poll__fault_of_our_own__counts_as_a_failure_and_wakes_who_waits(
    console: FakeConsole,
    client: PolicyClient,
    router: Router,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fault(*arguments: object) -> None:
        raise ZeroDivisionError("by a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("policies.client.poller.open_release", fault)
        assert not client.poll_once()
        assert client.health.failures == 1
        assert "in a way it should not: ZeroDivisionError" in client.health.last_error
        fresh = router(state_dir=None)
        fresh.start()
        assert fresh.wait_polled(10)
        assert (fresh.health.failures >= 1, fresh.health.polling) == (True, True)
    assert client.poll_once()
    assert client.health.failures == 0


def test_say__that_fails__ends_no_thread_and_no_poll(console: FakeConsole, router: Router) -> None:
    def say(sentence: str) -> None:
        raise BrokenPipeError

    console.fault = lambda answer: (503, {}, b"")
    client = router(say=say)
    client.start()
    assert client.wait_polled(10)
    assert (client.health.failures >= 1, client.health.polling) == (True, True)


def test_poll__304_to_a_question_without_a_tag__is_a_failure(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    console.fault = lambda answer: (304, {}, b"")
    client = router()
    assert not client.poll_once()
    assert (client.health.failures, client.health.last_success_at) == (1, None)
    assert "304 Not Modified to a request without an entity tag" in client.health.last_error
    assert said == [client.health.last_error]
    console.fault = lambda answer: answer
    console.publish(1)
    assert client.poll_once()
    assert client.health.failures == 0
