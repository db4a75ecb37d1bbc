"""Health says ready, confirmed and well only where that is so."""

from __future__ import annotations

import datetime
import json
import threading

import pytest

from policies.client import NoUsableRelease
from policies.fleet.report import read_report
from tests.client.conftest import Router
from tests.client.fake_console import NOW, TOKEN, Answer, FakeConsole
from tests.client.sidecar.conftest import running
from tests.client.test_outcome_reporting import wait_until
from tests.client.test_staleness import Clock

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}
END = NOW + datetime.timedelta(days=1)
HOURS_S = 5 * 3600


def cut_off(answer: Answer) -> Answer:
    """What a plane answers that has heard nothing from the console for five hours."""
    status, headers, body = answer
    return status, {**headers, "Routing-Console-Source": "memory", "Age": str(HOURS_S)}, body


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_ready__closed_client__is_not_but_decides_on_until_it_is_started_again(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=0.05).start()
    assert client.wait_ready(5)
    client.close()
    assert (client.health.ready, client.health.release) == (False, 1)
    assert "closed" in client.health.reason
    assert not client.wait_ready(0)
    assert client.decide(REQUEST).release.number == 1
    client.start()
    assert client.health.ready


def test_wait_ready__with_a_release_that_may_not_be_used__waits_for_one_that_may(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    console.publish(1, not_after=END, when_stale="refuse")
    router(clock=clock).poll_once()
    clock.now = END + datetime.timedelta(seconds=1)
    client = router(clock=clock)
    assert client.release is not None and not client.wait_ready(0)
    with pytest.raises(NoUsableRelease):
        client.decide(REQUEST)
    console.publish(1, not_after=END + datetime.timedelta(days=1), when_stale="refuse")
    client.poll_once()
    assert client.wait_ready(0)


def test_confirmed__by_a_plane_that_is_cut_off__counts_from_when_it_was_cut_off(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    client = router(clock=clock)
    client.poll_once()
    clock.now += datetime.timedelta(seconds=HOURS_S)
    console.fault = cut_off
    assert client.poll_once()
    assert client.health.confirmed_s == HOURS_S
    assert client.health.last_success_at == clock()  # an answer it was
    assert router(clock=clock).health.confirmed_s == HOURS_S  # kept over a restart
    console.publish(2)
    clock.now += datetime.timedelta(seconds=60)
    assert client.poll_once() and client.health.release == 2
    assert client.health.confirmed_s == HOURS_S


def test_confirmed__by_a_plane_that_knows_less_than_the_one_before__stays(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    client = router(clock=clock)
    client.poll_once()
    clock.now += datetime.timedelta(seconds=60)
    console.fault = cut_off
    assert client.poll_once()
    assert client.health.confirmed_s == 60


def test_last_error__poll_that_waits_for_ever__says_so_until_it_ends(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    asked, given = threading.Semaphore(0), threading.Semaphore(1)

    def token() -> str:
        if threading.current_thread().name == "policy":
            asked.release()
            assert given.acquire(timeout=30)
        return TOKEN

    client = router(token=token, clock=clock, interval_s=0.01, long_poll_s=0).start()
    assert client.wait_ready(5)
    for _ in range(2):  # the second one hangs
        assert asked.acquire(timeout=30)
    assert client.health.last_error == ""
    clock.now += datetime.timedelta(seconds=HOURS_S)
    health = client.health
    assert "goes on for 18000 s" in health.last_error and health.ready
    for _ in range(1000):
        given.release()
    wait_until(lambda: not client.health.last_error)
    assert client.health.last_error == ""


def test_last_error__console_back_without_news__is_over_at_once_and_the_next_poll_is_held(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=3600, long_poll_s=60)
    assert client.poll_once()
    console.token = "another"
    assert not client.poll_once() and client.health.last_error
    console.token, console.holds = TOKEN, True
    client.start()
    wait_until(lambda: not client.health.last_error)
    assert not client.health.last_error
    wait_until(lambda: len(console.asked_for("/api/v1/policy")) == 4)
    assert console.asked_for("/api/v1/policy")[-1].headers["Prefer"] == "wait=60"


def test_compromised__release_in_force__goes_on_and_is_told_everywhere(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    stolen, standby = console.key, console.key.next()
    console.published_keys.append(standby)
    client = router(clock=clock)
    client.poll_once()
    assert not client.health.compromised
    standby.revoke(stolen)
    clock.now += datetime.timedelta(hours=1)
    client.poll_once()
    health = client.health
    assert (health.ready, health.compromised) == (True, True)
    report = read_report(json.dumps(client._status.report()).encode())
    assert report.active is not None
    [error] = [error for error in report.errors if error.kind == "compromised"]
    assert stolen.kid in error.message
    with running(client) as sidecar:
        told = sidecar.ask("GET", "/readyz")
        figures = sidecar.ask("GET", "/metrics").body
    assert (told.status, told.json["compromised"]) == (200, True)
    assert b"\nrouting_console_release_compromised 1\n" in figures
    console.publish(2, key=standby)
    assert client.poll_once() and not client.health.compromised
