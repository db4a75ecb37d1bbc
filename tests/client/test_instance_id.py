"""A router reports under the same id each time it starts, however it ended, and never another's."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from policies.client import ClientError, PolicyClient, instance_ids, ownership
from policies.client.commands.options import client_of
from policies.fleet.report import read_report
from routing_console.project_root import BASE_DIR
from tests.client.conftest import Router
from tests.client.fake_console import TOKEN, FakeConsole
from tests.client.test_options import parsed
from tests.client.test_outcome_reporting import wait_until

STATUS = "/api/v1/status"

# A preloading server: its client starts, then it forks one worker, and both are killed at work.
PREFORK = """
import os, signal, sys, time
from policies.client import PolicyClient

url, token, state, instance_id = sys.argv[1:]
client = PolicyClient(url, token, state or None, instance_id=instance_id, interval_s=0.05).start()
child = os.fork()
while not client._status._is_heard:
    time.sleep(0.01)
if child:
    os.waitpid(child, 0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def told(console: FakeConsole, run: str = "") -> list[str]:
    """The ids that were reported under, in order, of the routers labelled so; each as the console
    reads it."""
    reports = [read_report(asked.body) for asked in console.asked_for(STATUS)]
    return [r.instance_id for r in reports if not run or r.labels.get("run") == run]


def started(console: FakeConsole, router: Router, run: str, **options: Any) -> PolicyClient:
    """A client that has reported."""
    client = router(labels={"run": run}, **options).start()
    wait_until(lambda: client._status._is_heard)
    return client


@contextmanager
def process(console: FakeConsole, folder: Path, run: str, *options: str) -> Iterator[str]:
    """The command, which has reported; gives the id it did so under. It is killed at the end."""
    command = [sys.executable, "-S", "-m", "policies.client", "--url", console.url, *options]
    command += ["--token", TOKEN, "--state-dir", str(folder), "--labels", f"run={run}"]
    with subprocess.Popen(
        command, cwd=BASE_DIR, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        try:
            wait_until(lambda: bool(told(console, run)), 30)
            yield told(console, run)[0]
        finally:
            running.kill()


def prefork(console: FakeConsole, folder: Path | None, instance_id: str = "") -> set[str]:
    """The ids of a parent and its child; both are killed."""
    before = len(console.asked_for(STATUS))
    words = [console.url, TOKEN, str(folder or ""), instance_id]
    done = subprocess.run([sys.executable, "-S", "-c", PREFORK, *words], cwd=BASE_DIR, timeout=30)
    assert done.returncode == -signal.SIGKILL
    return set(told(console)[before:])


# --- One router --------------------------------------------------------------------------
def test_id__router_closed_and_started_anew__is_the_same(
    console: FakeConsole, router: Router
) -> None:
    for run in ("first", "second"):
        started(console, router, run).close()
    assert told(console, "first")[0] == told(console, "second")[0]


def test_id__router_killed_and_started_anew__is_the_same(
    console: FakeConsole, tmp_path: Path
) -> None:
    with process(console, tmp_path, "first") as first:
        pass
    with process(console, tmp_path, "second") as second:
        assert second == first


def test_id__closed_and_started_in_one_process__is_the_same_though_others_are_free(
    console: FakeConsole, router: Router
) -> None:
    clients = [started(console, router, run) for run in ("a", "b", "c")]
    ids = [told(console, run)[0] for run in ("a", "b", "c")]
    for client in clients:
        client.close()
    for client in reversed(clients):
        client.start()
        wait_until(lambda client=client: client._status._is_heard)
    assert [told(console, run)[-1] for run in ("a", "b", "c")] == ids


def test_id__client_that_is_not_started__is_not_taken(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    idle = router()
    assert idle.poll_once()
    assert idle._status.report()["instance_id"]
    assert not (tmp_path / "state" / "instances").exists()
    started(console, router, "first").close()
    router()
    started(console, router, "second")
    assert len(set(told(console))) == 1


def test_id__without_a_folder__is_another_at_each_start(
    console: FakeConsole, router: Router
) -> None:
    for run in ("first", "second"):
        started(console, router, run, state_dir=None).close()
    assert told(console, "first")[0] != told(console, "second")[0]


# --- Several in one folder ---------------------------------------------------------------
def test_id__two_processes_in_one_folder__each_has_its_own_and_successors_take_them_over(
    console: FakeConsole, tmp_path: Path
) -> None:
    with process(console, tmp_path, "a") as a, process(console, tmp_path, "b") as b:
        assert a != b
    with process(console, tmp_path, "c") as c, process(console, tmp_path, "d") as d:
        assert {c, d} == {a, b}


@pytest.mark.parametrize("silent", ["a", "b", "c"])
def test_id__several_are_free__the_one_without_a_goodbye_is_taken_first(
    console: FakeConsole, router: Router, silent: str
) -> None:
    clients = {run: started(console, router, run) for run in ("a", "b", "c")}
    for run, client in clients.items():
        if run != silent:
            client.close()
    console.status = (503, {}, b"")
    clients[silent].close()  # its goodbye is not heard
    console.status = (202, {}, b'{"interval_s": 30}')
    started(console, router, "next")
    assert told(console, "next")[0] == told(console, silent)[0]


def test_id__many_starts_one_after_the_other__keep_one_file(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    for _ in range(5):
        started(console, router, "again").close()
    assert len(list((tmp_path / "state" / "instances").glob("*.lock"))) == 1


def test_id__as_many_alive_as_are_kept__is_one_for_this_start_only(
    console: FakeConsole, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_ids, "MOST_KEPT", 2)
    clients = [started(console, router, run) for run in ("a", "b", "c")]
    assert len(set(told(console))) == 3
    assert [bool(client.health.disk) for client in clients] == [False, False, True]
    assert len(list((tmp_path / "state" / "instances").iterdir())) == 2


# --- Forks -------------------------------------------------------------------------------
def test_id__forked_child__has_its_own_and_both_are_the_same_after_a_kill(
    console: FakeConsole, tmp_path: Path
) -> None:
    first = prefork(console, tmp_path)
    assert len(first) == 2
    assert prefork(console, tmp_path) == first


@pytest.mark.parametrize("given", ["pod-0", "eu/ä 1", "x" * 120])
def test_id__forked_child_of_a_given_one__is_the_given_one_and_a_part_of_its_own(
    console: FakeConsole, tmp_path: Path, given: str
) -> None:
    first = prefork(console, tmp_path, given)
    (child,) = first - {given}
    assert child.startswith(given[:100])
    assert prefork(console, tmp_path, given) == first


def test_id__forked_child_without_a_folder__is_not_the_parents(console: FakeConsole) -> None:
    first, second = prefork(console, None, "pod-0"), prefork(console, None, "pod-0")
    assert first & second == {"pod-0"}
    assert (len(first), len(second)) == (2, 2)
    assert len(prefork(console, None)) == 2


# --- Given -------------------------------------------------------------------------------
def test_id__given__is_reported_as_it_is_and_kept_nowhere(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    started(console, router, "first", instance_id="eu 1/ä")
    assert set(told(console)) == {"eu 1/ä"}
    assert not (tmp_path / "state" / "instances").exists()


def test_id__given_on_the_command_line__is_reported(console: FakeConsole) -> None:
    words = ("--url", console.url, "--token", TOKEN, "--instance-id", "router-0")
    assert client_of(parsed(*words))._status.report()["instance_id"] == "router-0"


@pytest.mark.parametrize("given", [" eu", "eu\n", "e\x00u", "\ud800", "x" * 121])
def test_id__that_the_console_would_refuse__is_refused_at_once(router: Router, given: str) -> None:
    with pytest.raises(ClientError, match=r"^The instance id .* must be "):
        router(instance_id=given)


# --- A folder that cannot be used --------------------------------------------------------
def test_id__folder_that_cannot_be_made__is_one_for_this_start_and_told_in_health(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "instances").write_text("")
    clients = [started(console, router, run) for run in ("a", "b")]
    assert len(set(told(console))) == 2
    for client in clients:
        assert client.wait_ready(5)
        assert client.health.ready
        assert client.health.disk.startswith("The instance id is not kept: ")
        client.close()
    (tmp_path / "state" / "instances").unlink()
    clients[0].start()
    assert clients[0].health.disk == ""


def test_id__disk_is_full__is_one_for_this_start_and_told_in_health(
    console: FakeConsole, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = os.open

    def full(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if "instances" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(path, flags, *more, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        client = started(console, router, "first")
    assert "No space left on device" in client.health.disk
    assert told(console)


def test_id__folder_without_locks__is_another_at_each_start_and_leaves_nothing_there(
    console: FakeConsole, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    for run in ("first", "second"):
        assert "No locks available" in started(console, router, run).health.disk
    assert len(set(told(console))) == 2
    assert list((tmp_path / "state" / "instances").iterdir()) == []


def test_id__files_that_are_damaged_or_not_ours__are_no_ids(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    folder = tmp_path / "state" / "instances"
    (folder / "router-00000000.lock").mkdir(parents=True)
    strays = [
        "",
        "router",
        "two\nlines-00000000",
        "-00000000",
        f"{'x' * 200}-00000000",
        "r-0000000g",
    ]
    for name in strays:
        (folder / f"{name}.lock").write_text("damaged")
    (folder / "router-11111111").write_text("no lock")
    for run in ("first", "second"):
        client = started(console, router, run)
        assert client.health.disk == ""
        client.close()
    assert not set(told(console)) & {*strays, "router-00000000", "router-11111111"}
    assert len(set(told(console))) == 1


def test_id__file_with_content__says_nothing_by_it(
    console: FakeConsole, router: Router, tmp_path: Path
) -> None:
    started(console, router, "first").close()
    (file,) = (tmp_path / "state" / "instances").glob("*.lock")
    file.write_bytes(b"\x00another\n" * 100)
    started(console, router, "second")
    assert len(set(told(console))) == 1


def test_id__system_that_cannot_tell_who_is_alive__is_another_at_each_start(
    console: FakeConsole, router: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "fcntl", None)
    for run in ("first", "second"):
        started(console, router, run)
    assert len(set(told(console))) == 2
    assert not (tmp_path / "state" / "instances").exists()
