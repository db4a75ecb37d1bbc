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
from routing_console.ports import is_free, wait_until_free
from tests.services.console import Console, free_port
from tests.services.server import Server
from tests.services.waiting import within

pytestmark = pytest.mark.server
LIMIT_S = 60
WORKERS = 2
ENDLESS_S = "3600"


@pytest.fixture
def server(demo_console: Console, tmp_path: Path) -> Iterator[Server]:
    """A delivery server on the console's data, which writes its lines as the image does."""
    environment = demo_console.environment | {"ROUTING_CONSOLE_LOG_FORMAT": "json"}
    log = tmp_path / "server.log"
    server = Server(web_server.DELIVERY, free_port(), environment, log, workers=WORKERS)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def noticing(server: Server) -> Server:
    """One that says "draining" for an hour before it closes its port."""
    assert server.terminate() == 0
    server.environment = server.environment | {"ROUTING_CONSOLE_DRAIN_NOTICE_S": ENDLESS_S}
    server.log.write_text("")
    server.start()
    # One of them answers before the other is there.
    assert within(LIMIT_S, lambda: len(_messages(server, "startup complete")) == WORKERS)
    return server


@pytest.fixture
def token(demo_console: Console) -> dict[str, str]:
    return {"Authorization": f"Bearer {demo_console.demo()['router_token']}"}


def _messages(server: Server, form: str) -> list[str]:
    return re.findall(form, server.log.read_text())


def test_server__whose_watcher_is_killed__can_be_started_again_at_once(
    noticing: Server, token: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection(noticing.address, timeout=LIMIT_S)
    connection.request("GET", "/api/v1/policy", headers=token)
    first = connection.getresponse()
    first.read()
    waits = {"If-None-Match": first.headers["ETag"], "Prefer": "wait=50"}
    connection.request("GET", "/api/v1/policy", headers=token | waits)

    noticing.kill_watcher()
    noticing.start()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (304, "close")
    ended = r'"message": "Finished server process'
    assert within(LIMIT_S, lambda: len(_messages(noticing, ended)) == WORKERS)


def test_worker__whose_watcher_is_killed__closes_its_port_and_finishes_what_it_has_begun(
    noticing: Server, token: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection(noticing.address, timeout=LIMIT_S)
    connection.putrequest("POST", "/api/v1/status")
    headers = token | {"Content-Type": "application/json", "Content-Length": "2"}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(b"{")

    noticing.kill_watcher()
    assert wait_until_free("127.0.0.1", noticing.port, LIMIT_S)
    connection.send(b"}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (400, "close")


def test_draining_worker__whose_watcher_is_then_killed__does_not_wait_for_the_notice(
    noticing: Server,
) -> None:
    for worker in _messages(noticing, r"Started server process \[(\d+)\]"):
        os.kill(int(worker), signal.SIGTERM)
    assert within(LIMIT_S, lambda: len(_messages(noticing, "Draining")) == WORKERS)
    assert not is_free("127.0.0.1", noticing.port)

    noticing.kill_watcher()
    assert wait_until_free("127.0.0.1", noticing.port, LIMIT_S)


def test_server__whose_worker_is_replaced__writes_every_line_as_the_settings_say(
    server: Server,
) -> None:
    worker = int(_messages(server, r"Started server process \[(\d+)\]")[0])
    os.kill(worker, signal.SIGKILL)
    assert within(LIMIT_S, lambda: bool(_messages(server, rf"Child process \[{worker}\] died")))
    assert server.terminate() == 0
    for line in server.log.read_text().splitlines():
        assert json.loads(line).keys() >= {"time", "level", "logger", "message"}
