"""Outcomes survive what becomes of the process, arrive once, and are counted when lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.client import Attempt, PolicyClient
from policies.client.spool import Spool
from routing_console.project_root import BASE_DIR
from tests.client.conftest import Router
from tests.client.fake_console import NOW, TAKEN, TOKEN, FakeConsole
from tests.client.test_outcome_reporting import on_disk, reported, wait_until

KILLED = """
import os, signal, sys
from policies.client import PolicyClient

url, token, state = sys.argv[1:]
client = PolicyClient(url, token, state)
for number in range(3):
    client.report({"request_id": f"r-{number}"})
os.kill(os.getpid(), signal.SIGKILL)
"""


def read_all(spool: Spool) -> list[str]:
    read: list[str] = []
    while lines := spool.begin():
        read += lines
        spool.end(done=True)
    return read


def test_report__process_killed_at_once__is_sent_by_the_next_one(
    console: FakeConsole, router: Router, tmp_path: Path, said: list[str]
) -> None:
    command = [sys.executable, "-S", "-c", KILLED, console.url, TOKEN, str(tmp_path / "state")]
    assert subprocess.run(command, cwd=BASE_DIR).returncode == -signal.SIGKILL
    assert reported(console) == []
    client = router().start()
    wait_until(lambda: len(reported(console)) == 3)
    client.close()
    assert reported(console) == ["r-0", "r-1", "r-2"]
    assert "3 outcomes of an earlier process are sent now." in said
    assert list((tmp_path / "state" / "outcomes").iterdir()) == []


@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command__ended_by_a_signal__sends_its_outcomes_first(
    console: FakeConsole, tmp_path: Path, number: signal.Signals, with_state: bool
) -> None:
    console.publish(1, not_after=NOW.replace(year=2999))
    command = [sys.executable, "-S", "-m", "policies.client", "--url", console.url, "--report"]
    command += ["--token", TOKEN, *(["--state-dir", str(tmp_path)] if with_state else [])]
    with subprocess.Popen(
        command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        print('{"outcome": {"request_id": "r-1"}}', file=process.stdin, flush=True)
        assert "queued" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(20) == 0
    assert reported(console) == ["r-1"]


def test_program__that_ends_without_closing__sends_its_outcomes_first(
    console: FakeConsole,
) -> None:
    script = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "").replace("state)", "None)")
    command = [sys.executable, "-S", "-c", script, console.url, TOKEN, ""]
    assert subprocess.run(command, cwd=BASE_DIR).returncode == 0
    assert reported(console) == ["r-0", "r-1", "r-2"]


def test_close__console_away__leaves_the_outcomes_on_disk_for_the_next_start(
    console: FakeConsole, said: list[str], tmp_path: Path
) -> None:
    console.outcomes = (503, {}, b"")
    outbox = on_disk(console, said, tmp_path)
    outbox.add({"request_id": "r-1"})
    outbox.close()
    assert said[-1] == "1 outcomes wait on disk for the next start."
    assert outbox.lost == 0
    console.outcomes = TAKEN
    sent_before = len(reported(console))
    again = on_disk(console, said, tmp_path)
    again.start()
    wait_until(lambda: len(reported(console)) > sent_before)
    again.close()
    assert reported(console)[-1] == "r-1"
    assert again.waiting == 0


def test_spool__of_a_living_process__is_left_to_it(tmp_path: Path) -> None:
    mine, other = Spool(tmp_path), Spool(tmp_path)
    mine.add('{"request_id": "r-1"}')
    assert other.take_over() == 0
    mine.close()
    assert other.take_over() == 1
    assert read_all(other) == ['{"request_id": "r-1"}']


def test_spool__line_cut_by_a_power_failure__is_left_out_and_the_rest_read(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.add('{"request_id": "r-1"}')
    first.add('{"request_id": "r-2"}')
    first.close()
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-5])
    again = Spool(tmp_path)
    assert again.take_over() == 1
    assert read_all(again) == ['{"request_id": "r-1"}']


def test_spool__files_that_somebody_removed_or_cut__are_counted_as_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add('{"n": 1}')
    (file,) = tmp_path.glob("*.jsonl")
    file.unlink()
    assert spool.begin() == []
    assert (spool.waiting, spool.size, spool.lost) == (0, 0, 1)
    for number in (2, 3, 4):
        spool.add(f'{{"n": {number}}}')
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-5])
    for _ in range(2):
        assert spool.begin() == ['{"n": 2}', '{"n": 3}']
        assert (spool.waiting, spool.lost) == (2, 2)
        spool.end(done=False)
    assert read_all(spool) == ['{"n": 2}', '{"n": 3}']
    assert (spool.waiting, spool.size, spool.lost) == (0, 0, 2)


def test_report__whose_file_somebody_removed__is_told_and_counted_as_lost(
    console: FakeConsole, said: list[str], tmp_path: Path
) -> None:
    console.outcomes = (503, {}, b"")
    outbox = on_disk(console, said, tmp_path)
    outbox.add({"request_id": "r-1"})
    (file,) = tmp_path.rglob("*.jsonl")
    file.unlink()
    outbox.close()
    assert "1 outcomes are lost: their file was removed or damaged." in said
    assert outbox.lost == 1 and said[-1] == "1 outcomes were not reported."


def test_spool__file_that_cannot_be_read_for_a_moment__is_kept_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.add('{"n": 1}')
    spool.begin()
    spool.end(done=False)
    (first,) = tmp_path.glob("*.jsonl")
    spool.add('{"n": 2}')
    read_bytes = Path.read_bytes

    def no_handle_left(path: Path) -> bytes:
        if path == first:
            raise OSError(errno.EMFILE, "Too many open files")
        return read_bytes(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", no_handle_left)
        assert read_all(spool) == ['{"n": 2}']
        assert "Too many open files" in spool.trouble
    assert (spool.waiting, spool.lost) == (1, 0)
    assert read_all(spool) == ['{"n": 1}']
    assert spool.trouble == ""


def test_spool__file_of_an_ended_process_that_cannot_be_read_for_a_moment__is_taken_over_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Spool(tmp_path)
    for number in (1, 2):
        ended.add(f'{{"n": {number}}}')
        ended.begin()
        ended.end(done=False)
    ended.add('{"n": 3}')
    ended.close()
    second = max(tmp_path.glob("*.jsonl")).stat()
    read_bytes = Path.read_bytes

    def no_handle_left(path: Path) -> bytes:
        if os.path.samestat(path.stat(), second):
            raise OSError(errno.EMFILE, "Too many open files")
        return read_bytes(path)

    spool = Spool(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", no_handle_left)
        assert spool.take_over() == 1
        assert "Too many open files" in spool.trouble
        assert read_all(spool) == ['{"n": 1}']
    assert spool.take_over() == 2
    assert read_all(spool) == ['{"n": 2}', '{"n": 3}']
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_spool__disk_full__keeps_events_in_memory_says_so_and_counts_what_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.add('{"n": 1}')

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        spool.add('{"n": 2}')
    assert "No space left" in spool.trouble
    assert (spool.waiting, spool.unwritten, spool.lost) == (2, 1, 0)
    assert spool.begin() == ['{"n": 1}', '{"n": 2}']
    spool.end(done=False)
    spool.close()
    assert spool.lost == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["add", "send", "fail", "restart"]), max_size=60),
    st.booleans(),
)
def test_spool__any_order_of_sending_failing_and_restarting__delivers_each_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], on_disk: bool
) -> None:
    folder = tmp_path_factory.mktemp("spool") if on_disk else None
    spool, added, delivered = Spool(folder), 0, []
    for step in steps:
        if step == "add":
            spool.add(json.dumps({"n": added}))
            added += 1
        elif step == "restart" and on_disk:
            spool.close()
            spool = Spool(folder)
            spool.take_over()
        elif lines := spool.begin():
            if step == "send":
                delivered += lines
            spool.end(done=step == "send")
        assert spool.waiting == added - len(delivered)
    delivered += read_all(spool)
    spool.close()
    assert [json.loads(line)["n"] for line in delivered] == list(range(added))


def test_report__from_eight_threads_while_batches_are_sent__each_arrives_once(
    console: FakeConsole, said: list[str], tmp_path: Path
) -> None:
    outbox = on_disk(console, said, tmp_path)

    def work(name: int) -> None:
        for number in range(200):
            outbox.add({"request_id": f"{name}-{number}"})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.close()
    assert Counter(reported(console)) == Counter(f"{a}-{b}" for a in range(8) for b in range(200))


@pytest.fixture
def client(console: FakeConsole, router: Router) -> Iterator[PolicyClient]:
    client = router()
    client.poll_once()
    yield client


def test_outcome__of_a_decided_request__is_built_from_what_decided_it(client: PolicyClient) -> None:
    decided = client.decide({"attributes": {"task": "code"}, "request_id": "r-1"})
    attempts = [
        Attempt("swift-large", "timeout", 900.0),
        Attempt("orchid", None, 400.0, cost_usd=0.002),
    ]
    usage = {"prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42}
    event = client.outcome(decided, attempts, usage=usage, quality=0.9, tenant="acme")
    assert client.release is not None
    assert event == {
        "request_id": "r-1",
        "time": NOW.isoformat(),
        "release_digest": client.release.digest,
        "attributes": {"task": "code"},
        "class": "complex",
        "rule": "default",
        "model": "swift-large",
        "attempts": [
            {
                "model": "swift-large",
                "failure_kind": "timeout",
                "latency_ms": 900.0,
                "cost_usd": None,
            },
            {"model": "orchid", "failure_kind": None, "latency_ms": 400.0, "cost_usd": 0.002},
        ],
        "input_tokens": 12,
        "output_tokens": 30,
        "quality": 0.9,
        "tenant": "acme",
    }


def test_outcome__told_by_a_misspelt_word__is_refused_with_the_right_ones(
    client: PolicyClient,
) -> None:
    decided = client.decide({"attributes": {"task": "code"}})
    with pytest.raises(TypeError, match=r"qualty.*quality"):
        client.outcome(decided, [], qualty=0.9)  # type: ignore[call-arg]


@pytest.mark.parametrize("usage", [5, "12", ["input_tokens"], {"foo": 1}], ids=repr)
def test_outcome__with_a_usage_that_says_no_counts__is_refused_with_what_it_may_say(
    client: PolicyClient, usage: Any
) -> None:
    decided = client.decide({"attributes": {"task": "code"}})
    with pytest.raises(TypeError, match=r"usage: must be a mapping with input_tokens"):
        client.outcome(decided, [], usage=usage)


@pytest.mark.parametrize("usage", [None, {}, {"completion_tokens": None}], ids=repr)
def test_outcome__with_a_usage_that_is_not_known__has_no_counts(
    client: PolicyClient, usage: Any
) -> None:
    event = client.outcome(client.decide({"attributes": {"task": "code"}}), [], usage=usage)
    assert not {"input_tokens", "output_tokens"} & event.keys()


def test_decided__misspelt_attribute__is_named_with_what_would_be_right(
    client: PolicyClient,
) -> None:
    decided = client.decide({"attributes": {"tsak": "code"}})
    (problem,) = decided.ignored
    assert problem.pointer == "/attributes/tsak"
    assert "task" in problem.message
    assert client.decide({"attributes": {"task": "code"}}).ignored == ()
