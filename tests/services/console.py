"""A whole console as `manage.py up` runs it: web server, worker, scheduler, broker."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routing_console import data_folder
from routing_console.parent_death import die_with_parent
from routing_console.project_root import BASE_DIR

START_LIMIT_S = 300
STOP_LIMIT_S = 20


@dataclass
class Console:
    """A running console, its address and its data folder."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path

    def manage(self, name: str, *arguments: str) -> str:
        """Run a management command on this console's database; what it printed."""
        # Django's checks load all pages, longer than a command takes, and its worker made them.
        command = [sys.executable, "manage.py", name, "--skip-checks", *arguments]
        done = subprocess.run(
            command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def demo(self) -> dict[str, Any]:
        """What the demo loader made: accounts, router token, workflow and environment."""
        found: dict[str, Any] = json.loads(data_folder.demo_file(self.data_dir).read_text())
        return found

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill the supervisor alone, as `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C does; nothing happens when it has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_LIMIT_S)

    def is_ready(self) -> bool:
        try:
            connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def free_port() -> int:
    """A TCP port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without the test bench's own settings, and with `variables`."""
    ours = ("DATABASE_URL", "REDIS_URL", "DJANGO_", "ROUTING_CONSOLE_")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | variables


def processes_of(data_dir: Path) -> list[str]:
    """The command lines of all processes that were started for this data folder."""
    mark = f"ROUTING_CONSOLE_DATA_DIR={data_dir}".encode()
    # Valkey writes it over its environment.
    socket_title = f"unixsocket:{data_folder.broker_socket(data_dir)}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes().split(b"\0")
            if mark in environment or socket_title in command:
                found.append(command.replace(b"\0", b" ").decode())
        except OSError:  # it ended meanwhile
            continue
    return found


def start_console(data_dir: Path, *, demo: bool, environment: dict[str, str]) -> Console:
    """Start a console on `data_dir` and wait until it is ready.

    It gets none of this test process's database, broker and key, only `environment`.
    """
    port = free_port()
    variables = clean_environment(ROUTING_CONSOLE_DATA_DIR=str(data_dir)) | environment
    command = [sys.executable, "-m", "routing_console.supervisor"]
    command += ["--port", str(port), "--data-dir", str(data_dir)]
    log = data_dir / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *([] if demo else ["--no-demo"])],
            cwd=BASE_DIR,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    console = Console(f"http://127.0.0.1:{port}", data_dir, process, variables, log)
    _wait_until_ready(console)
    return console


def _wait_until_ready(console: Console) -> None:
    give_up_at = time.monotonic() + START_LIMIT_S
    while not console.is_ready():
        if console.process.poll() is not None or time.monotonic() > give_up_at:
            console.stop()
            raise RuntimeError(f"the console did not start:\n{console.output()}")
        time.sleep(0.1)
