"""Past `not_after` a release serves on or refuses, as its workflow chose."""

from __future__ import annotations

import datetime

import pytest

from policies.client import NoUsableRelease
from tests.client.conftest import Router
from tests.client.fake_console import NOW, FakeConsole

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}
END = NOW + datetime.timedelta(days=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_decide__last_second__is_fresh(console: FakeConsole, router: Router, clock: Clock) -> None:
    console.publish(1, not_after=END, when_stale="refuse")
    client = router(clock=clock)
    client.poll_once()
    clock.now = END
    assert not client.decide(REQUEST).stale


def test_decide__past_the_end_where_stale_is_served__decides_and_says_so(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    console.publish(1, not_after=END, when_stale="serve_stale")
    client = router(clock=clock)
    client.poll_once()
    clock.now = END + datetime.timedelta(seconds=1)
    assert client.decide(REQUEST).stale


def test_decide__past_the_end_where_stale_is_refused__refuses_until_renewed(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    console.publish(1, not_after=END, when_stale="refuse")
    client = router(clock=clock)
    client.poll_once()
    clock.now = END + datetime.timedelta(seconds=1)
    with pytest.raises(NoUsableRelease, match="refuses to decide with a stale release"):
        client.decide(REQUEST)
    console.publish(1, not_after=END + datetime.timedelta(days=1), when_stale="refuse")
    client.poll_once()
    assert client.decide(REQUEST).model == "swift-large"


def test_poll__release_already_past_its_end__is_taken_only_where_stale_is_served(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    client = router(clock=clock)
    client.poll_once()
    clock.now = END + datetime.timedelta(days=60)
    console.publish(2, not_after=END, when_stale="refuse")
    assert not client.poll_once()
    assert client.decide(REQUEST).release.number == 1
    console.publish(3, not_after=END, when_stale="serve_stale")
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 3


def test_restart__past_the_end_where_stale_is_refused__has_a_release_but_does_not_decide(
    console: FakeConsole, router: Router, clock: Clock
) -> None:
    console.publish(1, not_after=END, when_stale="refuse")
    router(clock=clock).poll_once()
    clock.now = END + datetime.timedelta(seconds=1)
    client = router(clock=clock)
    assert client.release is not None
    with pytest.raises(NoUsableRelease):
        client.decide(REQUEST)
