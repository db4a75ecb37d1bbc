"""A router that starts again decides from its disk, but trusts the disk no more than the net."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policies.client import NoUsableRelease
from tests.client.conftest import Router
from tests.client.fake_console import NOW, FakeConsole

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}
AWAY = "http://127.0.0.1:9"


@pytest.fixture
def state(console: FakeConsole, router: Router, tmp_path: Path) -> Path:
    """The state folder of a router that had release 5, and has ended."""
    console.publish(5)
    client = router()
    assert client.poll_once()
    client.close()
    return tmp_path / "state"


def alter(file: Path, **members: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **members}))


def test_restart__console_away__decides_from_disk(
    console: FakeConsole, state: Path, router: Router, said: list[str]
) -> None:
    console.fault = lambda answer: (503, {}, b"")
    client = router()
    assert client.wait_ready(0)
    assert said[-1].startswith("release 5 sha256:") and said[-1].endswith(" from disk")
    assert not client.poll_once()
    assert client.decide(REQUEST).model == "swift-large"


def test_restart__console_there__asks_with_the_tag_from_disk(
    console: FakeConsole, state: Path, router: Router
) -> None:
    assert router().poll_once()
    assert console.asked_for("/api/v1/policy")[-1].headers["If-None-Match"] == console.etag


@pytest.mark.parametrize("tag", ["*", '"x"\r\n y', '"of another"', 7])
def test_restart__tag_that_an_answer_chose_once__is_not_asked_with(
    console: FakeConsole, state: Path, router: Router, tag: object
) -> None:
    kept = json.loads((state / "release.json").read_text())
    (state / "release.json").write_text(json.dumps({**kept, "etag": tag}))
    assert router().poll_once()
    assert console.asked_for("/api/v1/policy")[-1].headers["If-None-Match"] == console.etag


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"body": 1}', "\x00" * 50])
def test_restart__release_file_damaged__starts_empty_and_fetches(
    state: Path, router: Router, said: list[str], content: str
) -> None:
    (state / "release.json").write_text(content)
    client = router()
    assert client.release is None
    assert said[-1] == "The release on disk is damaged and not used."
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 5


def test_restart__release_changed_on_disk__is_not_used(
    state: Path, router: Router, said: list[str]
) -> None:
    body = json.loads((state / "release.json").read_text())["body"]
    alter(state / "release.json", body=body.replace("swift-large", "swift-other"))
    assert router().release is None
    assert "signature does not hold" in said[-1]


def test_restart__console_away__age_counts_from_when_it_last_confirmed_the_release(
    console: FakeConsole, router: Router
) -> None:
    router().poll_once()
    an_hour_later = NOW.timestamp() + 3600
    router(clock=lambda: an_hour_later).poll_once()  # 304: it is in force still
    console.fault = lambda answer: (503, {}, b"")
    client = router(clock=lambda: an_hour_later + 60)
    assert client.health.confirmed_s == 60
    assert not client.poll_once()
    assert (client.health.confirmed_s, client.health.failures) == (60, 1)


def test_restart__release_file_damaged__a_replay_is_still_known_as_one(
    console: FakeConsole, state: Path, router: Router, said: list[str]
) -> None:
    (state / "release.json").write_text("damaged")
    console.publish(4)
    client = router()
    assert not client.poll_once()
    assert "replay" in said[-1]
    assert client.release is None


def test_restart__older_release_put_back_on_disk__is_not_used(
    console: FakeConsole, state: Path, router: Router, said: list[str]
) -> None:
    older = (state / "release.json").read_text()
    console.publish(6)
    router().poll_once()
    (state / "release.json").write_text(older)
    assert router().release is None
    assert "replay" in said[-1]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"number": "many"}'])
def test_restart__newest_file_damaged__the_release_itself_says_what_is_newest(
    console: FakeConsole, state: Path, router: Router, content: str
) -> None:
    (state / "newest.json").write_text(content)
    console.publish(4)
    client = router()
    assert not client.poll_once()
    assert client.decide(REQUEST).release.number == 5


@pytest.mark.parametrize("content", ["", "{", "[]", '{"origin": 1, "jwks": {"keys": []}}'])
def test_restart__key_file_damaged__the_keys_are_fetched_again(
    state: Path, router: Router, content: str
) -> None:
    (state / "keys.json").write_text(content)
    client = router()
    assert client.release is None
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 5


def test_restart__key_file_gone_and_console_away__does_not_trust_the_disk(
    state: Path, router: Router
) -> None:
    (state / "keys.json").unlink()
    client = router(url=AWAY)
    assert not client.poll_once()
    with pytest.raises(NoUsableRelease):
        client.decide(REQUEST)


def test_restart__same_folder_for_another_environment__is_refused(
    console: FakeConsole, state: Path, router: Router, said: list[str]
) -> None:
    console.publish(9, changes={"environment": "staging"})
    assert not router().poll_once()
    assert "this state folder belongs to support-assistant/production" in said[-1]


def test_state_folder__holds_no_token_and_nothing_half_written(state: Path) -> None:
    assert sorted(file.name for file in state.iterdir()) == [
        "keys.json",
        "newest.json",
        "release.json",
    ]
    assert not any("rcr_" in file.read_text() for file in state.iterdir())
    assert state.stat().st_mode & 0o077 == 0


def test_client__state_folder_that_cannot_be_made__decides_from_memory_and_says_so(
    console: FakeConsole, router: Router, tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    client = router(state_dir=tmp_path / "file" / "state")
    assert client.poll_once()
    assert client.decide(REQUEST).release.number == 1
    assert client.health.ready
    assert "cannot be written" in client.health.disk
    assert "Release 1 is in force but not kept." in said[-1]


def test_client__without_a_state_folder__decides_refuses_replays_and_writes_nothing(
    console: FakeConsole, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = router(state_dir=None)
    console.publish(5)
    assert client.poll_once()
    console.publish(4)
    assert not client.poll_once()
    assert "replay" in client.health.last_error
    assert client.decide(REQUEST).release.number == 5
    assert client.report({"request_id": "r-1"})
    client.close()
    assert len(console.asked_for("/api/v1/outcomes")) == 1
    assert client.health.disk == ""
    assert list(tmp_path.iterdir()) == []


def test_state_folder__shared_by_two_processes__keeps_the_newer_release(
    console: FakeConsole, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = router(), router()
    console.publish(5)

    def full(descriptor: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert slow.poll_once()
    console.publish(6)
    assert quick.poll_once()
    console.fault = lambda answer: (304, {}, b"")
    assert slow.poll_once()  # tries to keep release 5 once more
    assert router().decide(REQUEST).release.number == 6
