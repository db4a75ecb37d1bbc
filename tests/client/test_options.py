"""What the command line says is what the client does."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from policies.client.commands.options import add_client_options, client_of
from policies.client.errors import ClientError
from tests.client.fake_console import TOKEN, FakeConsole


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_client_options(parser)
    return parser.parse_args(words)


def test_options__token_from_a_file_and_no_state__poll_and_write_nothing(
    console: FakeConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("token").write_text(TOKEN)
    client = client_of(parsed("--url", console.url, "--token-file", "token"))
    assert client.poll_once()
    client.close()
    assert [file.name for file in tmp_path.iterdir()] == ["token"]


def test_options__token_in_the_environment__is_used_unless_a_file_is_named(
    console: FakeConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTING_CONSOLE_TOKEN", TOKEN)
    assert client_of(parsed("--url", console.url)).poll_once()
    (tmp_path / "token").write_text("rcr_another")
    words = ("--url", console.url, "--token-file", str(tmp_path / "token"))
    assert not client_of(parsed(*words)).poll_once()


def test_options__labels__are_told_with_the_status(console: FakeConsole) -> None:
    client = client_of(
        parsed("--url", console.url, "--token", TOKEN, "--labels", "region=eu,zone=b")
    )
    assert client._status.report()["labels"] == {"region": "eu", "zone": "b"}


@pytest.mark.parametrize("words", [(), ("--url", "http://127.0.0.1:9"), ("--static", "nowhere")])
def test_options__too_little_to_begin_with__is_told(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUTING_CONSOLE_TOKEN", raising=False)
    with pytest.raises(ClientError):
        client_of(parsed(*words))


@pytest.mark.parametrize(
    "words", [("--labels", "region"), ("--interval", "0"), ("--sums", "2"), ("--sums", "some")]
)
def test_options__that_cannot_be_read__end_with_a_usage_line(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        parsed(*words)
