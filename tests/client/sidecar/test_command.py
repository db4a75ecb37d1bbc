"""`serve`, as a process on a bare interpreter, from its start to SIGTERM."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from routing_console.project_root import BASE_DIR
from tests.client.fake_console import NOW, TOKEN, FakeConsole


@pytest.fixture
def fresh(console: FakeConsole) -> FakeConsole:
    """The console with a release that is good by the real clock."""
    console.publish(1, not_after=NOW.replace(year=2999))
    return console


def started(console: FakeConsole, folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-S", "-m", "policies.client", "serve", "--url", console.url]
    return subprocess.Popen(
        [*command, "--token", TOKEN, "--state-dir", str(folder / "state"), *options],
        cwd=BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def post(port: int, path: str, document: object) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(document), headers)
    return json.loads(connection.getresponse().read())


def test_serve__until_sigterm__decides_and_sends_its_outcomes_before_it_ends(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    with started(fresh, tmp_path, "--listen", "127.0.0.1:0") as process:
        assert process.stderr is not None
        said: list[str] = []
        while not (said and said[-1].startswith("release 1")):
            said.append(process.stderr.readline())
        address = next(line for line in said if line.startswith("listening at "))
        port = int(address.rpartition(":")[2])
        asked = {"request_id": "r-1", "attributes": {"task": "code"}}
        assert post(port, "/v1/decide", asked)["model"] == "swift-large"
        assert post(port, "/v1/outcomes", {"request_id": "r-1", "latency_ms": 4})["queued"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    (event,) = fresh.asked_for("/api/v1/outcomes")[0].events
    assert (event["request_id"], event["model"]) == ("r-1", "swift-large")


def test_serve__with_sums__sends_what_it_summed_so_far_before_it_ends(
    fresh: FakeConsole, tmp_path: Path
) -> None:
    with started(fresh, tmp_path, "--listen", "127.0.0.1:0", "--sums", "0") as process:
        assert process.stderr is not None
        said: list[str] = []
        while not (said and said[-1].startswith("release 1")):
            said.append(process.stderr.readline())
        address = next(line for line in said if line.startswith("listening at "))
        port = int(address.rpartition(":")[2])
        for number in range(3):
            asked = {"request_id": f"r-{number}", "attributes": {"task": "code"}}
            post(port, "/v1/decide", asked)
            told = {"request_id": f"r-{number}", "latency_ms": 4}
            assert post(port, "/v1/outcomes", told)["queued"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    events = [event for asked in fresh.asked_for("/api/v1/outcomes") for event in asked.events]
    assert [event["class"] for event in events] == ["complex"] * len(events)
    assert sum(event["requests"] for event in events) == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--listen", "0.0.0.0:0"), "--allow-network"),
        (("--listen", "unix:/nowhere/at/all.sock"), "Cannot listen at unix:/nowhere/at/all.sock"),
        (("--probes", "nonsense"), "must end in a port"),
    ],
)
def test_serve__wrong_address__says_so_and_ends_with_two(
    fresh: FakeConsole, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    with started(fresh, tmp_path, *options) as process:
        _, told = process.communicate(timeout=20)
    assert sentence in told
    assert process.returncode == 2
