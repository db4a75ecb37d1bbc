"""A server of several workers: one process watches over them, and they do not outlive it."""

import http.client
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing_console import web_server
from tests.services.console import Console, free_port
from tests.services.server import Server
from tests.services.waiting import within

pytestmark = pytest.mark.server
LIMIT_S = 60
WORKERS = 2


@pytest.fixture
def server(demo_console: Console, tmp_path: Path) -> Iterator[Server]:
    """A delivery server on the console's data, which writes its lines as the image does."""
    environment = demo_console.environment | {"ROUTING_CONSOLE_LOG_FORMAT": "json"}
    log = tmp_path / "server.log"
    server = Server(web_server.DELIVERY, free_port(), environment, log, workers=WORKERS)
    server.start()
    yield server
    server.kill()


def _messages(server: Server, form: str) -> list[str]:
    return re.findall(form, server.log.read_text())


def test_server__whose_watcher_is_killed__drains_and_can_be_started_again(
    demo_console: Console, server: Server
) -> None:
    token = {"Authorization": f"Bearer {demo_console.demo()['router_token']}"}
    connection = http.client.HTTPConnection(server.address, timeout=LIMIT_S)
    connection.request("GET", "/api/v1/policy", headers=token)
    first = connection.getresponse()
    first.read()
    waits = {"If-None-Match": first.headers["ETag"], "Prefer": "wait=50"}
    connection.request("GET", "/api/v1/policy", headers=token | waits)

    server.kill_watcher()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (304, "close")
    ended = r"Finished server process"
    assert within(LIMIT_S, lambda: len(_messages(server, ended)) == WORKERS)

    server.start()
    assert server.terminate() == 0


def test_server__whose_worker_is_replaced__writes_every_line_as_the_settings_say(
    server: Server,
) -> None:
    worker = int(_messages(server, r"Started server process \[(\d+)\]")[0])
    os.kill(worker, signal.SIGKILL)
    assert within(LIMIT_S, lambda: bool(_messages(server, rf"Child process \[{worker}\] died")))
    assert server.terminate() == 0
    for line in server.log.read_text().splitlines():
        assert json.loads(line).keys() >= {"time", "level", "logger", "message"}
