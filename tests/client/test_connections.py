"""One connection serves many polls, is opened anew when it went stale, and is held by the console
until there is something to say."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.client import ClientError, poller
from policies.client.long_polling import LongPolling
from tests.client.conftest import Router
from tests.client.fake_console import Answer, Asked, FakeConsole, running_console

POLICY = "/api/v1/policy"


@pytest.fixture
def keeping() -> Iterator[FakeConsole]:
    """A console that keeps connections open, and holds polls."""
    with running_console(keeps_alive=True, holds=True) as console:
        yield console


def number_is(client: object, number: int) -> Callable[[], bool]:
    return lambda: client.release is not None and client.release.number == number  # type: ignore[attr-defined]


def test_poll__again_and_again__takes_one_connection(keeping: FakeConsole, router: Router) -> None:
    client = router(url=keeping.url)
    assert all(client.poll_once() for _ in range(5))
    assert len(keeping.asked_for(POLICY)) == 5
    assert keeping.connections == 1


def test_poll__after_the_console_closed_an_idle_connection__opens_another(
    console: FakeConsole, router: Router
) -> None:
    def claims_to_keep(answer: Answer) -> Answer:
        status, headers, body = answer
        return status, {**headers, "Connection": "keep-alive"}, body

    console.fault = claims_to_keep  # and closes all the same, as HTTP/1.0 does
    client = router()
    assert client.poll_once() and client.poll_once() and client.poll_once()


def test_poll__held_by_the_console__a_release_arrives_at_once_and_nothing_else_is_asked(
    keeping: FakeConsole, router: Router
) -> None:
    client = router(url=keeping.url, interval_s=600, timeout_s=10.0).start()
    assert client.wait_ready(10)
    deadline = time.monotonic() + 10
    while len(keeping.asked_for(POLICY)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    keeping.publish(2)
    assert client._loop.wait_for(number_is(client, 2), 10)
    first, second = keeping.asked_for(POLICY)[:2]
    assert "Prefer" not in first.headers
    assert second.headers["Prefer"] == "wait=25"
    client.close()
    assert not client.health.polling


def test_poll__console_that_does_not_hold__is_asked_at_intervals(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=600).start()
    deadline = time.monotonic() + 10
    while len(console.asked_for(POLICY)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    progress = client._poller.progress
    pause = client._loop._pace.pause_s(
        prompt=False, took_s=0, failures=0, retry_after_s=0, random=lambda: 0.5
    )
    assert (progress.failures, pause) == (0, 600)


def test_poll__wait_that_a_proxy_cuts__is_no_failure_and_the_next_is_shorter(
    keeping: FakeConsole, router: Router, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "CUT_AFTER_S", 0.0)

    def cutting(asked: Asked) -> Answer:
        return 504, {}, b"upstream timed out"

    client = router(url=keeping.url)
    assert client.poll_once()
    keeping.holds = False
    keeping.fault = lambda answer: cutting(keeping.asked[-1])
    polled = client._loop.poll(wait_s=20)
    assert (polled.ok, polled.cut) == (False, True)
    assert client.health.failures == 0
    assert not any("504" in sentence for sentence in said)
    assert not client.poll_once()  # without a wait it is one
    assert client.health.failures == 1


def test_poll__wait_that_is_refused_at_once_each_time__is_not_asked_for_again_and_again(
    keeping: FakeConsole, router: Router
) -> None:
    def refusing(answer: Answer) -> Answer:
        return (503, {}, b"") if "Prefer" in keeping.asked[-1].headers else answer

    client = router(url=keeping.url, interval_s=600)
    assert client.poll_once()
    keeping.holds, keeping.fault = False, refusing
    pauses = [client._loop._step() for _ in range(4)]  # refused and answered in turns
    assert "Prefer" in keeping.asked[-2].headers and client.health.failures == 0
    assert pauses[1] < 1 and pauses[3] > 500  # the first refusal may have been an outage


@given(st.floats(2, 60), st.lists(st.one_of(st.none(), st.floats(1, 60)), max_size=60))
def test_pace__whatever_is_cut_and_held__waits_stay_within_bounds(
    longest: float, told: list[float | None]
) -> None:
    pace = LongPolling(longest, 15.0)
    for cut_after in told:
        if cut_after is None:
            pace.note_good()
        else:
            pace.note_cut(cut_after)
            assert pace.wait_s <= cut_after / 2
        assert 0 <= pace.wait_s <= longest


def test_pace__after_a_cut__comes_back_to_long_waits_in_time() -> None:
    pace = LongPolling(25.0, 15.0)
    pace.note_cut(20.0)
    assert pace.wait_s == 10.0
    for _ in range(40):
        pace.note_good()
    assert pace.wait_s == 25.0


@given(
    st.booleans(),
    st.floats(0, 100),
    st.integers(0, 20),
    st.floats(0, 3600),
    st.floats(0, 1, exclude_max=True),
)
def test_pace__any_poll__is_not_followed_sooner_than_asked_nor_in_a_tight_loop(
    prompt: bool, took: float, failures: int, wish: float, fraction: float
) -> None:
    pause = LongPolling(25.0, 15.0).pause_s(
        prompt=prompt, took_s=took, failures=failures, retry_after_s=wish, random=lambda: fraction
    )
    assert pause >= wish
    assert pause + took >= 0.5


def test_token_file__renewed__is_used_for_the_next_request(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("rcr_first\n")
    console.token = "rcr_first"
    client = router(token=None, token_file=file)
    assert client.poll_once()
    console.token = "rcr_second"
    assert not client.poll_once()
    file.write_text("rcr_second")
    assert client.poll_once()
    file.unlink()  # while it is being replaced
    assert client.poll_once()


def test_token_function__renewed_between_two_questions__is_asked_again_after_a_401(
    console: FakeConsole, router: Router
) -> None:
    console.token = "rcr_second"
    tokens = iter(["rcr_first", "rcr_second", "rcr_second"])
    client = router(token=lambda: next(tokens))
    assert client.poll_once()


def test_token_function__that_fails__is_a_failed_poll_and_nothing_worse(
    console: FakeConsole, router: Router
) -> None:
    def broken() -> str:
        raise RuntimeError("the vault is sealed")

    client = router(token=broken)
    assert not client.poll_once()
    assert "the vault is sealed" in client.health.last_error


@pytest.mark.parametrize("options", [{"token": None}, {"token_file": "somewhere"}])
def test_client__neither_or_both_of_token_and_file__is_refused_at_once(
    router: Router, options: dict[str, object]
) -> None:
    with pytest.raises(ClientError, match="either a token or the file"):
        router(**options)


def test_client__token_file_absent__is_refused_at_once(router: Router, tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="token file cannot be read"):
        router(token=None, token_file=tmp_path / "absent")


def test_client__authorities_of_its_own__are_trusted_instead_of_the_systems(
    router: Router, tmp_path: Path
) -> None:
    with pytest.raises(ClientError, match="cannot be read"):
        router(ca_file=tmp_path / "absent.pem")
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        client = router(url="https://127.0.0.1:9", ca_file=paths.cafile)
        assert not client.poll_once()
