"""A server process of its own, which a test may stop as a supervisor does."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from routing_console import web_server
from routing_console.parent_death import die_with_parent
from routing_console.project_root import BASE_DIR
from tests.services.console import free_port

START_LIMIT_S = 90


@dataclass
class Server:
    """One server of so many workers; `log` holds everything that it printed."""

    application: str
    port: int
    environment: dict[str, str]
    log: Path
    workers: int = 1
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it says that it can deliver."""
        options = ("--host=127.0.0.1", f"--port={self.port}", "--patience=20")
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                web_server.command(self.application, *options, f"--workers={self.workers}"),
                cwd=BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        give_up_at = time.monotonic() + START_LIMIT_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            connection = http.client.HTTPConnection(self.address, timeout=5)
            connection.request("GET", "/readyz/delivery")
            status = connection.getresponse().status
            connection.close()
        except (OSError, http.client.HTTPException):
            return False
        return status == 200

    def terminate(self) -> int:
        """Ask it to stop and wait until it has; its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_LIMIT_S)

    def kill_watcher(self) -> None:
        """As `kill -9` of the started process alone does, which watches over its workers."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """As `kill -9` of all its processes does; nothing happens where they have ended."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def servers_of(
    count: int, application: str, environment: dict[str, str], folder: Path
) -> list[Server]:
    """So many servers on free ports, not started yet. The environment is all that they get."""
    ports = [free_port() for _ in range(count)]
    return [Server(application, port, environment, folder / f"server-{port}.log") for port in ports]
