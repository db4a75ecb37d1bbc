"""Restarts in turn and rotations of the signing key under a thousand polls a second.

`python -m tests.benchmarks.rolling_restart [SECONDS]`: a console with its demo, two delivery
processes beside it, and routers behind a load balancer. Restarts one process after the other for
so long (30 s), rotates the key while each is away, and exits with 1 where any poll failed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from routing_console import web_server
from tests.services.balanced_load import Load, polling
from tests.services.console import Console, start_console
from tests.services.server import Server, servers_of

POLLS_PER_SECOND = 1000
DRAINING = {"ROUTING_CONSOLE_DRAIN_NOTICE_S": "2"}


def restart_in_turn(console: Console, load: Load, servers: list[Server], until: float) -> int:
    """Restart one server after the other until then, each time with another key; how often."""
    restarts = 0
    while time.monotonic() < until or restarts < len(servers):
        server = servers[restarts % len(servers)]
        load.wait_for_more(POLLS_PER_SECOND)
        server.terminate()
        console.manage("keys", "rotate")
        server.start()
        restarts += 1
    return restarts


def run(console: Console, servers: list[Server], seconds: float) -> int:
    """Print a row, and how many polls failed."""
    for server in servers:
        server.start()
    console.manage("keys", "prepare")
    bearer = {"Authorization": f"Bearer {console.demo()['router_token']}"}
    began = time.monotonic()
    with polling(servers, bearer, per_second=POLLS_PER_SECOND) as load:
        restarts = restart_in_turn(console, load, servers, began + seconds)
    taken_s = time.monotonic() - began
    polls = sum(load.statuses.values())
    print("| Restarts | Rotations seen | Polls | A second | Failed |\n|---|---|---|---|---|")
    seen, a_second = len(load.signatures) - 1, polls / taken_s
    print(f"| {restarts} | {seen} | {polls:,} | {a_second:,.0f} | {len(load.failures)} |")
    for failure in load.failures[:5]:
        print(failure)
    return len(load.failures)


def main() -> None:
    """Exit with 1 where a poll failed."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with tempfile.TemporaryDirectory() as folder:
        (data := Path(folder) / "data").mkdir()
        console = start_console(data, demo=True, environment=dict(DRAINING))
        servers = servers_of(2, web_server.DELIVERY, console.environment, Path(folder))
        try:
            failed = run(console, servers, seconds)
        finally:
            for server in servers:
                server.kill()
            console.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
