"""A runtime router as a process of its own: the console's client, fed by standard input."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from routing_console.project_root import BASE_DIR

NEW_RELEASE = re.compile(r"release (\d+) (sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Arrival:
    """A release the router went over to, and when (`time.monotonic`)."""

    number: int
    digest: str
    at: float


class Poller:
    """`python3 -m policies.client`, polling five times a second."""

    def __init__(self, url: str, token: str, state_dir: Path) -> None:
        command = [sys.executable, "-m", "policies.client", "--url", url, "--token", token]
        command += ["--state-dir", str(state_dir), "--interval", "0.2", "--report"]
        self.process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.input = self.process.stdin
        self.answers: queue.Queue[str] = queue.Queue()
        self.arrivals: queue.Queue[Arrival] = queue.Queue()
        self.said: list[str] = []
        self._follow(self.process.stdout, self.answers.put)
        self._follow(self.process.stderr, self._note)

    def _follow(self, stream: IO[str], keep: Any) -> None:
        def read() -> None:
            for line in stream:
                keep(line)

        threading.Thread(target=read, daemon=True).start()

    def _note(self, line: str) -> None:
        self.said.append(line)
        found = NEW_RELEASE.search(line)
        if found:
            self.arrivals.put(Arrival(int(found[1]), found[2], time.monotonic()))

    def next_release(self, within: float) -> Arrival:
        """The next release it goes over to; fails with what it said instead."""
        try:
            return self.arrivals.get(timeout=within)
        except queue.Empty:
            raise AssertionError(f"No new release within {within} s: {self.said}") from None

    def decide(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What the router decides for one request."""
        self.send(request)
        answer: dict[str, Any] = json.loads(self.answers.get(timeout=10))
        return answer

    def send(self, line: Mapping[str, Any]) -> None:
        self.input.write(json.dumps(line) + "\n")
        self.input.flush()

    def stop(self) -> None:
        self.input.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
