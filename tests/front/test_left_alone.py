"""A delivery process goes on, and starts, with everything else away. The long form, with each
fault under load on PostgreSQL, is `python -m tests.benchmarks.never_alone`."""

import http.client
from pathlib import Path

import pytest

from routing_console import web_server
from tests.services.console import Console
from tests.services.server import Server, servers_of

pytestmark = pytest.mark.server
AWAY = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "unix:///nowhere/valkey.sock",
}


def _poll(server: Server, token: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(server.address, timeout=60)
    headers = {"Authorization": f"Bearer {token}"}
    connection.request("GET", "/api/v1/policy", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Routing-Console-Source"], body


def test_delivery__restarted_with_everything_else_away__serves_what_it_had(
    demo_console: Console, tmp_path: Path
) -> None:
    token = demo_console.demo()["router_token"]
    snapshot = {"ROUTING_CONSOLE_DELIVERY_SNAPSHOT": str(tmp_path / "snapshot")}
    environment = demo_console.environment | snapshot
    (server,) = servers_of(1, web_server.DELIVERY, environment, tmp_path)
    try:
        server.start()
        before = _poll(server, token)
        assert before[:2] == (200, "database")
        assert server.terminate() == 0

        server.environment = environment | AWAY
        server.start()
        assert _poll(server, token) == (200, "memory", before[2])
        assert _poll(server, "rcr_unknown")[0] in (401, 503)
    finally:
        server.kill()
