"""Our own client, as the runner asks for one: `python3 -m tests.conformance.python_client`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from policies.client import PolicyClient
from tests.conformance.clients import Client

POLL_S = 0.1


class PythonClient:
    """Answers questions about a `PolicyClient`; see README.md."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._client = PolicyClient(
            variables["CONFORMANCE_URL"],
            variables["CONFORMANCE_TOKEN"],
            variables["CONFORMANCE_STATE"],
            interval_s=POLL_S,
            long_poll_s=0,
            timeout_s=float(variables["CONFORMANCE_DEADLINE_S"]) / 6,
            trusted_keys=variables["CONFORMANCE_KEYS"] or None,
            expect=variables["CONFORMANCE_EXPECT"],
        )
        self._error: str | None = None

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        do = question["do"]
        if do == "poll":
            self._error = self._poll()
        elif do == "start":
            self._client.start()
        elif do == "fork" and not in_a_child():
            return {"unsupported": True}
        release = self._client.release
        health = self._client.health
        number = release.number if release is not None and health.ready else None
        return {"release": number, "stale": health.stale, "error": self._error}

    def send(self, question: Mapping[str, Any]) -> None:
        self.ask(question)

    def end(self) -> None:
        self._client.close()

    kill = end

    def _poll(self) -> str | None:
        if self._client.poll_once():
            return "disk" if self._client.health.disk else None
        return self._client._poller.errors.latest()[-1].kind


def in_a_child() -> bool:
    """Fork, and go on as the child alone; False where that cannot be done."""
    if not hasattr(os, "fork"):
        return False
    if child := os.fork():
        os.waitpid(child, 0)
        os._exit(0)
    return True


def answer_lines(client: Client) -> None:
    """Answer the runner until it closes standard input."""
    for line in sys.stdin:
        print(json.dumps(client.ask(json.loads(line))), flush=True)
    client.end()


if __name__ == "__main__":
    answer_lines(PythonClient(os.environ))
