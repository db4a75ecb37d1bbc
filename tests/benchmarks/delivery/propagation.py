"""How long until ten thousand waiting routers hold what was published, beside nchan.

    python -m tests.benchmarks.delivery.propagation [routers] [rounds] [planes]

Each `manage.py deliver` process has a port of its own; all are on one core, the load on the other.
Set `DATABASE_URL` to measure on PostgreSQL, which more than one plane needs. nchan (Debian's
`libnginx-mod-nchan`) is given the same bytes and the same routers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import resource
import statistics
import sys
import tempfile
import time
import urllib.request
from argparse import RawTextHelpFormatter
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.benchmarks.delivery import world
from tests.benchmarks.delivery.processes import LOAD_CORE, NCHAN, Server, has, nginx, served
from tests.benchmarks.delivery.waiters import LIMIT_S, Fleet
from tests.services.console import free_port

POLICY = "/api/v1/policy"
# As in a fleet: all of it on one token would ask more often than one token may.
ROUTERS_A_TOKEN = 100


@dataclass(frozen=True)
class Round:
    """Seconds from the publication's commit until half of the routers, and all, had it."""

    half_s: float
    all_s: float
    rearm_s: float


async def rounds_of(
    fleet: Fleet,
    rounds: int,
    waiting: Callable[[], int],
    publish: Callable[[], Awaitable[float]],
) -> list[Round]:
    """Publish so many times to the waiting routers. `publish` returns when it committed."""
    found = []
    fleet.arm()
    await _all_wait(fleet, waiting)
    for _ in range(rounds):
        committed_at = await publish()
        times = [each - committed_at for each in await fleet.all_answered()]
        wrong = {router.status for router in fleet.routers} - {200}
        if wrong:
            raise RuntimeError(f"answered {wrong}")
        began = time.perf_counter()
        fleet.arm()
        await _all_wait(fleet, waiting)
        rearm_s = time.perf_counter() - began
        found.append(Round(statistics.median(times), times[-1], rearm_s))
    return found


async def _all_wait(fleet: Fleet, waiting: Callable[[], int]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while (count := await asyncio.to_thread(waiting)) < len(fleet.routers):
        if time.monotonic() > deadline:
            answered = Counter(router.status for router in fleet.routers if router.status)
            raise RuntimeError(f"{count} of {len(fleet.routers)} wait; answered: {dict(answered)}")
        await asyncio.sleep(0.02)


def _number(url: str, pattern: str) -> int:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - of this machine
        found = re.search(pattern, answer.read().decode())
    return int(float(found[1])) if found else 0


async def measure_planes(
    servers: list[Server], made: world.World, count: int, rounds: int
) -> tuple[list[Round], float]:
    ports = [int(server.url.rsplit(":", 1)[1].partition("/")[0]) for server in servers]
    fleet = Fleet([("127.0.0.1", port, POLICY) for port in ports], made.tokens)
    before = sum(server.memory_kb() for server in servers)
    await fleet.connect(count)

    def waiting() -> int:
        pattern = r"(?m)^routing_console_delivery_waiters (\S+)$"
        return sum(_number(f"http://127.0.0.1:{port}/metrics", pattern) for port in ports)

    memory: list[float] = []

    async def publish() -> float:
        if not memory:
            memory.append((sum(server.memory_kb() for server in servers) - before) / count)
        return await asyncio.to_thread(made.publish)

    found = await rounds_of(fleet, rounds, waiting, publish)
    fleet.close()
    return found, memory[0]


async def measure_nchan(
    server: Server, port: int, bodies: list[bytes], count: int, rounds: int
) -> tuple[list[Round], float]:
    async def publish() -> float:
        bodies.append(bodies.pop(0))
        request = urllib.request.Request(f"http://127.0.0.1:{port}/publish", bodies[0])
        request.add_header("Content-Type", "application/json")
        began = time.perf_counter()
        await asyncio.to_thread(urllib.request.urlopen, request)
        return began

    def waiting() -> int:
        return _number(f"http://127.0.0.1:{port}/stub", r"subscribers: (\d+)")

    await publish()
    fleet = Fleet([("127.0.0.1", port, "/poll")], ["rcr_any"])
    before = server.memory_kb()
    await fleet.connect(count)
    found = await rounds_of(fleet, rounds, waiting, publish)
    memory = (server.memory_kb() - before) / count
    fleet.close()
    return found, memory


LOCATIONS = """
location = /poll { nchan_subscriber longpoll; nchan_channel_id policy; nchan_subscriber_timeout 300;
  nchan_subscriber_first_message oldest; }
location = /publish { nchan_publisher; nchan_channel_id policy; nchan_message_buffer_length 1;
  nchan_message_timeout 10m; }
location = /stub { nchan_stub_status; }
"""


def main(count: int, rounds: int, planes: int) -> None:
    """Measure and print the table."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    made = world.prepare(tokens=max(count // ROUTERS_A_TOKEN, 1))
    body = made.active.body.encode()
    print(f"{count:,} routers, {len(body):,} bytes, medians of {rounds} rounds\n")
    print("| | half after | the last after | armed again after | a waiter |\n|---|---|---|---|---|")
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(planes):
            port = free_port()
            command = [sys.executable, "manage.py", "deliver", "--port", str(port)]
            snapshot = {"ROUTING_CONSOLE_DELIVERY_SNAPSHOT": str(world.FOLDER / f"plane{number}")}
            url = f"http://127.0.0.1:{port}{POLICY}"
            servers.append(
                stack.enter_context(served("deliver", command, url, {**os.environ, **snapshot}))
            )
        print(
            _row(f"{planes} × deliver", *uvloop.run(measure_planes(servers, made, count, rounds)))
        )
    if has(str(NCHAN), "nginx"):
        port = free_port()
        folder = Path(tempfile.mkdtemp(prefix="nchan-bench-"))
        command = nginx(folder, port, locations=LOCATIONS, modules=f"load_module {NCHAN};")
        with served("nchan", command, f"http://127.0.0.1:{port}/stub") as server:
            other = made.releases[0].body.encode()
            found = uvloop.run(measure_nchan(server, port, [body, other], count, rounds))
            print(_row("nchan", *found))


def _row(name: str, rounds: list[Round], memory_kb: float) -> str:
    half, last, rearm = (
        statistics.median(getattr(each, field) for each in rounds)
        for field in ("half_s", "all_s", "rearm_s")
    )
    return f"| {name} | {half:.2f} s | {last:.2f} s | {rearm:.2f} s | {memory_kb:.1f} kB |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=RawTextHelpFormatter)
    parser.add_argument("routers", type=int, nargs="?", default=10_000)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("planes", type=int, nargs="?", default=1)
    given = parser.parse_args()
    main(given.routers, given.rounds, given.planes)
