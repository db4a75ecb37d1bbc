"""Releases as files in an object store: the same checks, no token, never half of two releases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from policies.client import ClientError, PolicyClient
from tests.client.conftest import Router
from tests.client.fake_console import NOW, Answer, Asked, FakeConsole, Key, running_console

PATH = "/releases/support-assistant/production/"


class Store(FakeConsole):
    """A folder of files, into which a publication writes one after the other."""

    signatures: list[str]
    planted: Mapping[str, str] = {}

    def answer(self, asked: Asked) -> Answer:
        if not asked.path.startswith(PATH):
            return super().answer(asked)
        self.asked.append(asked)
        name = asked.path.removeprefix(PATH)
        if name == "policy.json":
            if asked.headers.get("If-None-Match") in (self.etag, "*"):
                return 304, {"ETag": self.etag}, b""
            return 200, {"ETag": self.etag, **self.planted}, self.body
        if name == "policy.jws":
            waiting = getattr(self, "signatures", [])
            return 200, {}, (waiting.pop(0) if waiting else self.signature).encode()
        return 200, {}, json.dumps({"keys": [key.jwk for key in self.published_keys]}).encode()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeConsole]:
    monkeypatch.setattr("policies.client.poller.TORN_PAUSE_S", 0.0)
    with running_console(Store) as store:
        yield store


def static_client(store: FakeConsole, said: list[str], **options: object) -> PolicyClient:
    address = store.url + PATH + str(options.pop("name", ""))
    return PolicyClient(
        static_url=address,
        say=said.append,
        clock=NOW.timestamp,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", ["", "policy.json"])
def test_static__release_in_the_store__decides_and_no_token_is_sent(
    store: FakeConsole, said: list[str], name: str
) -> None:
    client = static_client(store, said, name=name)
    assert client.poll_once() and client.poll_once()
    assert client.decide({"attributes": {"task": "code"}}).model == "swift-large"
    assert not any("Authorization" in asked.headers for asked in store.asked)
    assert [asked.path.removeprefix(PATH) for asked in store.asked] == [
        "policy.jws",
        "policy.json",
        "jwks.json",
        "policy.jws",
    ]


def test_static__signature_still_of_the_release_before__is_fetched_again(
    store: FakeConsole, said: list[str]
) -> None:
    client = static_client(store, said)
    assert client.poll_once()
    store.publish(2)
    before = store.signature
    store.publish(3)
    store.signatures = [before, before]  # type: ignore[attr-defined]
    assert client.poll_once()
    assert client.release is not None and client.release.number == 3
    assert client.health.failures == 0


def test_static__signature_still_of_the_release_held__is_no_failure_and_the_next_poll_has_both(
    store: FakeConsole, said: list[str]
) -> None:
    client = static_client(store, said)
    assert client.poll_once()
    before = store.signature
    store.publish(2)
    store.signatures = [before]  # type: ignore[attr-defined]
    for number in (1, 2):
        assert client.poll_once()
        assert client.release is not None and client.release.number == number
    assert client.health.failures == 0


def test_static__entity_tag_of_the_next_release_planted_with_this_one__hides_nothing(
    store: FakeConsole, said: list[str], tmp_path: Path
) -> None:
    before = store.body, store.signature
    store.publish(2)
    after = store.body, store.signature
    store.planted = {"ETag": store.etag}  # type: ignore[attr-defined]
    store.body, store.signature = before
    client = static_client(store, said, state_dir=tmp_path)
    assert client.poll_once()
    store.planted, (store.body, store.signature) = {}, after  # type: ignore[attr-defined]
    assert client.poll_once()
    assert client.release is not None and client.release.number == 2


def test_static__signature_never_that_of_the_body__is_refused_and_the_last_good_one_kept(
    store: FakeConsole, said: list[str]
) -> None:
    client = static_client(store, said)
    assert client.poll_once()
    store.publish(2)
    store.signature = Key().sign(store.body, kid=store.key.kid)
    assert not client.poll_once()
    assert client.release is not None and client.release.number == 1
    assert "signature does not hold" in client.health.last_error


def test_static__with_a_console_beside_it__reports_there(
    store: FakeConsole, said: list[str], router: Router, console: FakeConsole
) -> None:
    client = static_client(store, said, url=console.url, token=console.token)
    client.poll_once()
    assert client.report({"request_id": "r-1"})
    client.close()
    assert len(console.asked_for("/api/v1/outcomes")) == 1
    assert console.asked_for("/api/v1/policy") == []


def test_static__without_a_console__says_that_outcomes_are_lost(
    store: FakeConsole, said: list[str]
) -> None:
    client = static_client(store, said)
    client.poll_once()
    assert not client.report({"request_id": "r-1"})
    assert said[-1] == "An outcome is lost: no console is known to report to."
    assert client.health.outcomes_lost == 1


def test_client__without_any_address__is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="Give the console's address"):
        PolicyClient(token="rcr_x")
