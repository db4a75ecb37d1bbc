"""`python3 -m policies.client`, as a process on a bare interpreter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from routing_console.project_root import BASE_DIR
from tests.client.conftest import Router
from tests.client.fake_console import NOW, TOKEN, FakeConsole

LINES = '{"request_id":"r-1","attributes":{"task":"code"}}\n\nnonsense\n'


def command(console: FakeConsole, state: Path, *options: str) -> list[str]:
    # -S: no site-packages, so nothing but the standard library can be used.
    start = [sys.executable, "-S", "-m", "policies.client", "--url", console.url]
    return [*start, "--token", TOKEN, "--state-dir", str(state), *options]


def run(
    console: FakeConsole, state: Path, *options: str, lines: str = LINES
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(console, state, *options),
        input=lines,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.fixture
def fresh(console: FakeConsole) -> FakeConsole:
    """A console whose release is good by the real clock too."""
    console.publish(1, not_after=NOW.replace(year=2999))
    return console


@pytest.mark.parametrize("options", [(), ("--once",)])
def test_command__lines_on_standard_input__are_answered_line_by_line(
    fresh: FakeConsole, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run(fresh, tmp_path, *options)
    decision, error = map(json.loads, done.stdout.splitlines())
    assert (decision["model"], decision["release"]["number"]) == ("swift-large", 1)
    assert error["error"] == "The line cannot be read."
    assert done.stderr.splitlines() == [f"release 1 {decision['release']['digest']} from network"]
    assert done.returncode == 0


def test_command__console_away_after_a_first_run__decides_from_disk(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    run(fresh, tmp_path, "--once")
    fresh.fault = lambda answer: (503, {}, b"")
    done = run(fresh, tmp_path, "--once")
    assert json.loads(done.stdout.splitlines()[0])["model"] == "swift-large"
    assert done.stderr.splitlines()[0].endswith("from disk")
    assert done.returncode == 0


def test_command__no_release_at_all__answers_with_errors_and_ends_with_one(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    fresh.fault = lambda answer: (404, {}, b'{"detail": "Nothing was published."}')
    done = run(fresh, tmp_path, "--once")
    assert json.loads(done.stdout.splitlines()[0])["error"] == "There is no release yet."
    assert "Nothing was published." in done.stderr
    assert done.returncode == 1


def test_command__release_that_may_not_be_used__answers_with_errors_and_ends_with_one(
    fresh: FakeConsole, router: Router, tmp_path: Path
) -> None:
    past = NOW.replace(year=2019)
    fresh.publish(1, not_after=past, when_stale="refuse")
    assert router(clock=past.timestamp).poll_once()
    done = run(fresh, tmp_path / "state", "--once")
    assert (
        "refuses to decide with a stale release" in json.loads(done.stdout.splitlines()[0])["error"]
    )
    assert done.returncode == 1


def test_command__outcomes__are_sent_before_it_ends(fresh: FakeConsole, tmp_path: Path) -> None:
    lines = LINES + '{"outcome":{"request_id":"r-1","latency_ms":40}}\n'
    done = run(fresh, tmp_path, "--report", lines=lines)
    assert json.loads(done.stdout.splitlines()[-1]) == {"outcome": "queued", "request_id": "r-1"}
    (event,) = fresh.asked_for("/api/v1/outcomes")[0].events
    assert (event["model"], event["latency_ms"]) == ("swift-large", 40)


def test_command__wrong_address__says_so_and_ends_with_two(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    done = run(fresh, tmp_path, "--jwks", "file:///etc/passwd")
    assert "not an http or https address" in done.stderr
    assert done.returncode == 2


def test_command__control_characters_from_the_server__do_not_reach_the_terminal(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    fresh.signature = fresh.key.sign(fresh.body, kid="\x1b[2J")
    done = run(fresh, tmp_path, "--once")
    assert "\x1b" not in done.stderr


def test_command__stopped_with_ctrl_c__ends_quietly(fresh: FakeConsole, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(fresh, tmp_path),
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None and process.stdout is not None
    assert process.stderr.readline().startswith("release 1 ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (out, err, process.returncode) == ("", "", 0)


def test_command__answers_arrive_while_standard_input_stays_open(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    with subprocess.Popen(
        command(fresh, tmp_path),
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write('{"attributes":{"task":"code"}}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["model"] == "swift-large"
        process.stdin.close()
        assert process.wait(10) == 0
