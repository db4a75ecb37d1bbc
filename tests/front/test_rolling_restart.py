"""Servers that are restarted one after the other fail nobody."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.client import PolicyClient
from routing_console import web_server
from tests.services.balanced_load import polling
from tests.services.console import Console
from tests.services.server import Server, servers_of

pytestmark = pytest.mark.server
# Long enough for a load balancer on a busy machine to ask meanwhile.
NOTICE_S = "2"


@pytest.fixture
def planes(demo_console: Console, tmp_path: Path) -> Iterator[list[Server]]:
    """Two delivery processes on the console's data."""
    environment = demo_console.environment | {"ROUTING_CONSOLE_DRAIN_NOTICE_S": NOTICE_S}
    servers = servers_of(2, web_server.DELIVERY, environment, tmp_path)
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.kill()


def _bearer(console: Console) -> dict[str, str]:
    return {"Authorization": f"Bearer {console.demo()['router_token']}"}


def test_rolling_restart_and_key_rotation__under_load__fail_no_poll(
    demo_console: Console, planes: list[Server], tmp_path: Path
) -> None:
    router = PolicyClient(demo_console.url, demo_console.demo()["router_token"], tmp_path)
    demo_console.manage("keys", "prepare")
    assert router.poll_once()  # it knows the standby from now on
    with polling(planes, _bearer(demo_console)) as load:
        for server in planes:
            load.wait_for_more(50)
            assert server.terminate() == 0
            load.wait_for_more(50)
            if server is planes[0]:
                demo_console.manage("keys", "rotate")
                load.wait_for_more(50)
            server.start()
    assert load.failures == []
    assert set(load.statuses) == {200}
    assert min(load.served_by[server.port] for server in planes) > 0
    before, after = load.signatures
    assert before.partition(".")[0] != after.partition(".")[0]  # which key signed
    assert router.poll_once()
    assert router.health.last_error == ""


def test_router__that_waits_for_news_while_its_server_stops__is_answered(
    demo_console: Console, planes: list[Server]
) -> None:
    server = planes[0]
    connection = http.client.HTTPConnection(server.address, timeout=60)
    connection.request("GET", "/api/v1/policy", headers=_bearer(demo_console))
    first = connection.getresponse()
    first.read()
    waits = {"If-None-Match": first.headers["ETag"], "Prefer": "wait=50"}
    connection.request("GET", "/api/v1/policy", headers=_bearer(demo_console) | waits)

    ended: list[int] = []
    stopping = threading.Thread(target=lambda: ended.append(server.terminate()))
    stopping.start()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (304, "close")
    stopping.join()
    assert ended == [0]


def test_status_report__taken_by_a_server_that_stops__is_kept(
    demo_console: Console, planes: list[Server]
) -> None:
    report = {
        "instance_id": "kept-at-the-stop",
        "client": {"name": "tests", "version": "1"},
        "active": None,
        "source": None,
        "clock": "2026-11-30T12:00:00Z",
        "started_at": "2026-11-30T11:00:00Z",
    }
    connection = http.client.HTTPConnection(planes[0].address, timeout=60)
    headers = _bearer(demo_console) | {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/status", json.dumps(report), headers)
    answer = connection.getresponse()
    assert answer.status == 202, answer.read()
    connection.close()

    assert planes[0].terminate() == 0
    kept = demo_console.manage("dumpdata", "policies.routerinstance")
    assert "kept-at-the-stop" in kept
