"""`manage.py up` from a fresh copy of the tree, on an interpreter with nothing installed."""

import http.client
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from routing_console import data_folder
from routing_console.project_root import BASE_DIR
from tests.services.console import clean_environment, free_port, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.xdist_group("up")]
NOT_COPIED = (".git", ".venv", "data", ".*_cache", ".hypothesis", "__pycache__", "test-results")
PLAIN_PYTHON = str(Path(sys.executable).resolve())


@dataclass
class Tree:
    """A copy of the tree, with one console on `data_dir` that tests share; all end with it."""

    root: Path
    data_dir: Path
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    console: subprocess.Popen[str] | None = None

    def up(self, data_dir: Path, port: int) -> subprocess.Popen[str]:
        command = [PLAIN_PYTHON, "manage.py", "up", "--no-demo"]
        process = subprocess.Popen(
            [*command, "--port", str(port), "--data-dir", str(data_dir)],
            cwd=self.root,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def start_console(self) -> str:
        """Start the shared console; what it said until it was ready."""
        self.console = self.up(self.data_dir, self.port)
        return _read_until_announced(self.console)

    def running_console(self) -> subprocess.Popen[str]:
        """The shared console, started where no earlier test left it running."""
        if self.console is None or self.console.poll() is not None:
            self.start_console()
        assert self.console
        return self.console


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder = tmp_path_factory.mktemp("fresh")
    shutil.copytree(BASE_DIR, folder / "console", ignore=shutil.ignore_patterns(*NOT_COPIED))
    # A name so long that the broker's socket has to lie elsewhere.
    tree = Tree(folder / "console", folder / ("long" * 30))
    yield tree
    for process in tree.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    give_up_at = time.monotonic() + limit_s
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return condition()


def _read_until_announced(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C stops it." in line:
            return said
    raise AssertionError(f"up ended: {said}")


def test_up__on_a_fresh_copy__installs_the_lock_and_serves(tree: Tree) -> None:
    said = tree.start_console()
    assert f"http://127.0.0.1:{tree.port}" in said
    assert _status(tree.port, "/readyz") == 200
    assert (tree.data_dir / "secret-key").stat().st_mode & 0o077 == 0


def test_up__with_a_very_long_data_folder__puts_the_socket_somewhere_short(tree: Tree) -> None:
    tree.running_console()
    assert _status(tree.port, "/readyz") == 200
    socket_file = data_folder.broker_socket(tree.data_dir)
    assert socket_file.is_socket()
    assert tree.data_dir not in socket_file.parents


def test_up__a_second_time_on_the_same_folder__names_the_running_one(tree: Tree) -> None:
    first = tree.running_console()
    second = tree.up(tree.data_dir, free_port())
    said, _ = second.communicate(timeout=20)
    assert second.returncode == 1
    sentence = f"A console already runs on {tree.data_dir}: http://127.0.0.1:{tree.port} "
    assert said == f"{sentence}(process {first.pid}).\n"


def test_up__a_part_dies__it_is_started_again(tree: Tree) -> None:
    tree.running_console()
    broker = f"valkey-server.*{data_folder.broker_socket(tree.data_dir)}"
    subprocess.run(["pkill", "-KILL", "-f", broker], check=True)
    assert _wait_until(lambda: _status(tree.port, "/readyz") == 503, 5)
    assert _wait_until(lambda: _status(tree.port, "/readyz") == 200, 20)


def test_up__killed_outright__leaves_nothing_and_starts_again(tree: Tree) -> None:
    first = tree.running_console()
    assert len(processes_of(tree.data_dir)) >= 7  # two of the web server, three of Celery's worker
    first.kill()
    gone = _wait_until(lambda: processes_of(tree.data_dir) == [], 5)
    assert gone, processes_of(tree.data_dir)

    tree.start_console()
    assert _status(tree.port, "/readyz") == 200


def test_up__interrupted__leaves_nothing(tree: Tree) -> None:
    process = tree.running_console()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert processes_of(tree.data_dir) == []


def test_up__on_a_taken_port__says_so_in_one_sentence(tree: Tree, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = tree.up(tmp_path, port)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    # Above it stands that it was installed, where this test is the first of its process.
    sentence = f"Port {port} is taken by another program; choose one with --port."
    assert said.splitlines()[-1] == sentence
