"""A forked child polls and reports by itself, and a client that was closed can start again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from routing_console.project_root import BASE_DIR
from tests.client.conftest import Router
from tests.client.fake_console import NOW, TOKEN, FakeConsole

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}

# What `gunicorn --preload` does: the client starts before the fork, and is used after it.
PREFORK = """
import dataclasses, json, os, sys
from policies.client import PolicyClient

url, token, state = sys.argv[1:]
client = PolicyClient(url, token, state or None, interval_s=0.05)
if "started" in sys.stdin.readline():
    client.start()
    assert client.wait_ready(10)
    client.report({"request_id": "of-the-parent"})
parent = client.health
if os.fork():
    os.wait()
    client.close()
    sys.exit(0)
print(json.dumps(dataclasses.asdict(client.health)), flush=True)
sys.stdin.readline()
if not client.health.polling:
    client.start()
assert client._loop.wait_for(lambda: client.release and client.release.number == 2, 10)
decided = client.decide({"attributes": {"task": "code"}})
client.report(client.outcome(decided, []))
client.close()
print(json.dumps(dataclasses.asdict(client.health)), flush=True)
os._exit(0)
"""


@contextmanager
def prefork(console: FakeConsole, state: str) -> Iterator[tuple[IO[str], IO[str]]]:
    command = [sys.executable, "-S", "-c", PREFORK, console.url, TOKEN, state]
    with subprocess.Popen(
        command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdin, process.stdout
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize("on_disk", [True, False])
def test_fork__after_start__the_child_polls_and_reports_by_itself(
    console: FakeConsole, tmp_path: Path, on_disk: bool
) -> None:
    console.publish(1, not_after=NOW.replace(year=2999))
    with prefork(console, str(tmp_path) if on_disk else "") as (tell, told):
        print("started", file=tell, flush=True)
        health = json.loads(told.readline())
        assert (health["ready"], health["polling"], health["outcomes_waiting"]) == (True, True, 0)
        console.publish(2, not_after=NOW.replace(year=2999))
        print("go on", file=tell, flush=True)
        assert json.loads(told.readline())["release"] == 2
    events = [e for a in console.asked_for("/api/v1/outcomes") for e in a.events]
    assert [e["request_id"] for e in events].count("of-the-parent") == 1
    assert len(events) == 2
    instances = {
        json.loads(asked.body)["instance_id"] for asked in console.asked_for("/api/v1/status")
    }
    assert len(instances) == 2


SUMMING = """
import datetime, os, sys
from policies.client import PolicyClient, Summaries

url, token, state = sys.argv[1:]
client = PolicyClient(url, token, state, reports=Summaries())

def report(request_id):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    assert client.report({"request_id": request_id, "time": now, "class": "simple"})

report("before")
child = os.fork()
report("after")
client.close()
if child:
    os.wait()
else:
    os._exit(0)
"""


def test_fork__while_a_minute_is_summed__each_process_reports_what_it_was_told(
    console: FakeConsole, tmp_path: Path
) -> None:
    command = [sys.executable, "-S", "-c", SUMMING, console.url, TOKEN, str(tmp_path)]
    assert subprocess.run(command, cwd=BASE_DIR, timeout=30).returncode == 0
    events = [e for a in console.asked_for("/api/v1/outcomes") for e in a.events]
    assert len({event["summary_id"] for event in events}) == len(events)
    assert sum(event["requests"] for event in events) == 3


def test_fork__before_start__the_child_starts_as_if_it_were_the_first(
    console: FakeConsole, tmp_path: Path
) -> None:
    with prefork(console, str(tmp_path)) as (tell, told):
        print("not yet", file=tell, flush=True)
        health = json.loads(told.readline())
        assert (health["ready"], health["polling"]) == (False, False)
        console.publish(2, not_after=NOW.replace(year=2999))
        print("go on", file=tell, flush=True)
        assert json.loads(told.readline())["release"] == 2


LOADING = """
import sys
from policies.client import PolicyClient

url, token = sys.argv[1:]
before = set(sys.modules)
client = PolicyClient(url, token, interval_s=0.05).start()
assert client.wait_ready(10)
client.report({"request_id": "r-1"})
client.close()
print(*sorted(set(sys.modules) - before))
"""


def test_threads__at_work__load_no_module_whose_lock_a_child_would_wait_for(
    console: FakeConsole,
) -> None:
    console.publish(1, not_after=NOW.replace(year=2999))
    command = [sys.executable, "-S", "-c", LOADING, console.url, TOKEN]
    done = subprocess.run(command, cwd=BASE_DIR, timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_health__thread_that_polls_has_ended__is_never_ready(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=0.05).start()
    assert client.wait_ready(5)
    before = client.health
    client._loop.stop()  # whatever may have ended it
    after = client.health
    assert (before.ready, after.ready, after.release) == (True, False, 1)
    assert after.reason == "The thread that polls has ended."


def test_close__then_start__polls_and_reports_again(
    console: FakeConsole, router: Router, said: list[str]
) -> None:
    client = router(interval_s=0.05).start()
    assert client.wait_ready(5)
    client.close()
    assert not client.report({"request_id": "lost"})
    assert said[-1] == "An outcome is lost: it came after the client was closed."
    console.publish(2)
    client.start()
    assert client._loop.wait_for(
        lambda: client.release is not None and client.release.number == 2, 5
    )
    assert client.report({"request_id": "kept"})
    client.close()
    events = [e for a in console.asked_for("/api/v1/outcomes") for e in a.events]
    assert [e["request_id"] for e in events] == ["kept"]
    assert client.health.outcomes_lost == 1
