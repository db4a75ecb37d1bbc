"""LiteLLM's proxy as people run it: its command, a configuration file, our hook by dotted path."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.client.litellm.process import ROOT, litellm_python
from tests.services.console import free_port

HOOK = "policies.client.litellm.proxy.hook"
# It imports for ten seconds, and for a minute on a busy machine.
STARTS_WITHIN_S = 180


class Proxy:
    """Asks a running proxy."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    def complete(self, **body: Any) -> tuple[int, bytes]:
        """Status and body of one chat completion."""
        return self.post("/v1/chat/completions", **body)

    def post(self, path: str, **body: Any) -> tuple[int, bytes]:
        """The same of another endpoint."""
        asked = {"messages": [{"role": "user", "content": "Hello"}], **body}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        return self._ask("POST", path, json.dumps(asked), headers)

    def is_up(self) -> bool:
        try:
            return self._ask("GET", "/health/liveliness", "", {})[0] == 200
        except OSError:
            return False

    def _ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def running_proxy(
    folder: Path, provider_url: str, names: Sequence[str], router: Mapping[str, str]
) -> Iterator[Proxy]:
    """A proxy with a deployment of each name at the provider; `router` is the hook's environment.

    Ends it as a supervisor does, so that what waits to be reported is sent.
    """
    config = folder / "proxy.yaml"
    config.write_text(json.dumps(_config(provider_url, names)))  # JSON is YAML
    port, key = free_port(), f"sk-{secrets.token_hex(32)}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": key,
        "NO_PROXY": "127.0.0.1,localhost",
        **router,
    }
    command = [str(litellm_python().with_name("litellm")), "--config", str(config)]
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
    proxy = Proxy(port, key)
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not proxy.is_up():
            running = process.poll() is None and time.monotonic() < until
            assert running, log.read_text()[-4000:]
            time.sleep(0.2)
        yield proxy
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _config(provider_url: str, names: Sequence[str]) -> dict[str, Any]:
    deployed = [
        {
            "model_name": name,
            "litellm_params": {"model": f"openai/{name}", "api_base": provider_url, "api_key": "k"},
        }
        for name in names
    ]
    return {
        "model_list": deployed,
        "litellm_settings": {"callbacks": [HOOK], "telemetry": False, "request_timeout": 2},
        "router_settings": {"disable_cooldowns": True, "num_retries": 0},
    }
