"""A client as the runner sees it: a process that answers questions in lines of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

ANSWER_WITHIN_S = 30.0
Answer = Mapping[str, Any]


class ClientFailed(Exception):
    """The client ended, hung, or said something that is no answer."""


class Client(Protocol):
    """One run of a client, from its start to its end."""

    def ask(self, question: Mapping[str, Any]) -> Answer: ...

    def send(self, question: Mapping[str, Any]) -> None: ...

    def end(self) -> None: ...

    def kill(self) -> None: ...


class ProcessClient:
    """`command` with the case's variables."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, question: Mapping[str, Any]) -> Answer:
        """Raises ClientFailed without an answer in time."""
        self.send(question)
        try:
            line = self._lines.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            raise ClientFailed(f"no answer to {question} within {ANSWER_WITHIN_S:g} s") from None
        try:
            answer = json.loads(line)
        except ValueError:
            raise ClientFailed(f"answered {question} with {line!r}, which is no JSON") from None
        if not isinstance(answer, dict):
            raise ClientFailed(f"answered {question} with {line!r}, which is no object")
        return answer

    def send(self, question: Mapping[str, Any]) -> None:
        """Ask without waiting for the answer."""
        if self._process.stdin is None:
            raise ClientFailed("has no standard input")
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ClientFailed(f"ended before {question}") from None

    def end(self) -> None:
        """Close its standard input, and wait."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(ANSWER_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ClientFailed("did not end with its standard input") from None
        self._kill_group()  # a forked child that outlived it

    def kill(self) -> None:
        self._kill_group()
        self._process.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")
