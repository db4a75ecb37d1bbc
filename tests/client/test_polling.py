"""A router takes up what its console publishes, and asks no more than it must."""

from __future__ import annotations

import gzip
import time

import pytest

from policies.client import ClientError
from tests.client.conftest import Router
from tests.client.fake_console import Answer, FakeConsole

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}


def test_poll__first_release__is_verified_kept_and_decides(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    assert client.poll_once()
    assert client.release is not None
    assert said == [f"release 1 {client.release.digest} from network"]
    decided = client.decide(REQUEST)
    assert (decided.model, decided.release.number, decided.stale) == ("swift-large", 1, False)


def test_poll__unchanged_release__costs_a_304_and_is_not_told_again(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    assert client.poll_once() and client.poll_once()
    first, second = console.asked_for("/api/v1/policy")
    assert "If-None-Match" not in first.headers
    assert second.headers["If-None-Match"] == console.etag
    assert len(said) == 1


def test_poll__next_release__replaces_the_one_before(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    client.poll_once()
    console.publish(2, share=10)
    assert client.poll_once()
    assert client.release is not None and client.release.number == 2
    assert said[-1].startswith("release 2 sha256:")


def test_poll__renewed_release__is_told_once_more(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router()
    client.poll_once()
    console.publish(1, not_after=client.release.not_after.replace(year=2027))  # type: ignore[union-attr]
    assert client.poll_once()
    assert client.release is not None and client.release.not_after.year == 2027
    assert len(said) == 2


def test_poll__plain_answer__is_read_like_a_packed_one(
    console: FakeConsole, router: Router
) -> None:
    def plain(answer: Answer) -> Answer:
        status, headers, body = answer
        kept = {name: value for name, value in headers.items() if name != "Content-Encoding"}
        return status, kept, gzip.decompress(body)

    console.fault = plain
    assert router().poll_once()


def test_poll__address_of_the_policy_itself__is_understood(
    console: FakeConsole, router: Router
) -> None:
    assert router(url=console.url + "/api/v1/policy").poll_once()


def test_start__without_network__is_not_ready_and_goes_on_trying(
    router: Router, said: list[str]
) -> None:
    client = router(url="http://127.0.0.1:9").start()
    assert client.wait_polled(5)
    assert not client.wait_ready(0.05)
    assert len(said) == 1 and "cannot be reached" in said[0]


def test_start__release_published_while_polling__arrives_within_a_second(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=0.1).start()
    assert client.wait_ready(5)
    console.publish(2)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline and client.release.number != 2:  # type: ignore[union-attr]
        time.sleep(0.01)
    assert client.release is not None and client.release.number == 2


@pytest.mark.parametrize(
    "url", ["console.example", "file:///etc/passwd", "ftp://console", "http://", "http://con sole"]
)
def test_client__address_that_is_not_http__is_refused_at_once(router: Router, url: str) -> None:
    with pytest.raises(ClientError, match="not an http or https address"):
        router(url=url)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "rcr_é"])
def test_client__token_that_cannot_be_one__is_refused_at_once(router: Router, token: str) -> None:
    with pytest.raises(ClientError, match="as it was shown"):
        router(token=token)


def test_poll__redirect_elsewhere__is_not_followed(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    console.fault = lambda answer: (302, {"Location": f"{console.url}/elsewhere"}, b"")
    assert not router().poll_once()
    assert console.asked_for("/elsewhere") == []
    assert "302" in said[0]


def test_poll__keys__are_fetched_without_the_token(console: FakeConsole, router: Router) -> None:
    router().poll_once()
    (asked,) = console.asked_for("/.well-known/jwks.json")
    assert "Authorization" not in asked.headers


def test_decide__thousand_requests_without_key_or_id__are_dealt_out_by_ids_of_their_own(
    console: FakeConsole, router: Router
) -> None:
    console.publish(1, share=50)
    client = router()
    assert client.poll_once()
    made = [client.decide({"attributes": {"task": "answer"}}) for _ in range(1000)]
    assert len({decided.request.request_id for decided in made}) == 1000
    # Half of 1000, give or take five standard deviations.
    split = [decided.model == "swift-small" for decided in made]
    assert 420 <= sum(split) <= 580
    assert all(decided.decision.unchecked == () for decided in made)
