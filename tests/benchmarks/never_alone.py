"""What routers meet while one thing after the other is killed under their polls.

`python -m tests.benchmarks.never_alone [FAULT …]`: a console with its demo on PostgreSQL and Valkey
of its own, one delivery process beside it, and routers that poll both by a load balancer. Prints a
table of what was answered while each fault lasted, and how long delivery took to be fresh again.
"Disk full" takes root, to mount a small file system and fill it; else it is left out, and said so.
`NEVER_ALONE_FAULT_S` is how long each fault lasts, 10 s.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from routing_console import web_server
from routing_console.project_root import BASE_DIR
from tests.services.balanced_load import Load, polling
from tests.services.console import Console, start_console
from tests.services.postgres import Postgres, create_database, start_postgres
from tests.services.server import Server, servers_of
from tests.services.small_disk import SmallDisk, small_disk
from tests.services.valkey import Valkey, start_valkey

FAULT_S = float(os.environ.get("NEVER_ALONE_FAULT_S", "10"))
POLLS_PER_SECOND = 200
# Of each kind, at each server.
SLOW_BODIES = 300
SLOW_PATHS = (
    "/w/support-assistant/changes/new/",
    "/sign-in/",
    "/api/v1/outcomes",
    "/api/v1/status",
)
# The data folder of the console with its demo, and both snapshots.
DISK_MB = 256
FRESH_LIMIT_S = 60


@dataclass
class Scene:
    """All that runs, each of which a fault may take away."""

    postgres: Postgres
    valkey: Valkey
    valkey_folder: Path
    console: Console
    front: Server  # the console's own web server, as the balancer sees it
    plane: Server
    disk: SmallDisk

    def fault(self, name: str) -> Callable[[], Iterator[None]]:
        found: Callable[[], Iterator[None]] = getattr(self, name)
        return found

    def nothing(self) -> Iterator[None]:
        yield

    def database_killed(self) -> Iterator[None]:
        self.postgres.kill()
        yield
        self.postgres.start_again()

    def valkey_killed(self) -> Iterator[None]:
        self.valkey.stop()
        yield
        self.valkey = start_valkey(self.valkey_folder / "valkey.sock")

    def both_killed(self) -> Iterator[None]:
        self.postgres.kill()
        self.valkey.stop()
        yield
        self.postgres.start_again()
        self.valkey = start_valkey(self.valkey_folder / "valkey.sock")

    def disk_full(self) -> Iterator[None]:
        before = figure(self.plane, "failed_snapshots")
        with self.disk.full():
            # What planes serve changes, so that there is something to write.
            standby = self.valkey_folder / "standby.pem"
            manage(self.console, "keys", "prepare", "--to", str(standby))
            yield
            failed = figure(self.plane, "failed_snapshots") - before
        print(f"  snapshots that the full disk did not take: {failed:.0f}", flush=True)

    def slow_bodies(self) -> Iterator[None]:
        token = self.console.demo()["router_token"]
        with ExitStack() as stack:
            for path in SLOW_PATHS:
                fields = [
                    "Host: localhost",
                    "Content-Length: 1000",
                    f"Authorization: Bearer {token}",
                ]
                begun_with = "\r\n".join([f"POST {path} HTTP/1.1", *fields, "", "a"]).encode()
                for server in (self.front, self.plane):
                    for _ in range(SLOW_BODIES):
                        begun = socket.create_connection(("127.0.0.1", server.port), timeout=30)
                        stack.enter_context(begun)
                        begun.sendall(begun_with)
            yield

    def console_killed(self) -> Iterator[None]:
        self.console.kill()
        yield
        folder, variables = self.console.data_dir, self.console.environment
        self.console = start_console(folder, demo=True, environment=variables)
        self.front = front_of(self.console)

    def delivery_restarted_with_all_away(self) -> Iterator[None]:
        self.console.kill()
        self.postgres.kill()
        self.valkey.stop()
        self.plane.terminate()
        self.plane.start()
        yield
        self.postgres.start_again()
        self.valkey = start_valkey(self.valkey_folder / "valkey.sock")


# Those that take the console away for good come last.
FAULTS = (
    "nothing",
    "database_killed",
    "valkey_killed",
    "both_killed",
    "disk_full",
    "slow_bodies",
    "console_killed",
    "delivery_restarted_with_all_away",
)


def front_of(console: Console) -> Server:
    port = int(console.url.rpartition(":")[2])
    return Server(web_server.CONSOLE, port, console.environment, console.log)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Everything started, the demo loaded, and all of it ended afterwards."""
    postgres = start_postgres()
    valkey = start_valkey(folder / "valkey.sock")
    variables = {
        "DATABASE_URL": create_database(postgres.url(), "never_alone"),
        "REDIS_URL": valkey.url,
        "ROUTING_CONSOLE_DRAIN_NOTICE_S": "2",
    }
    with small_disk(folder / "disk", DISK_MB) as disk:
        for name in ("data", "snapshots"):
            (disk.folder / name).mkdir()
        console = start_console(disk.folder / "data", demo=True, environment=variables)
        kept = {"ROUTING_CONSOLE_DELIVERY_SNAPSHOT": str(disk.folder / "snapshots" / "delivery")}
        (plane,) = servers_of(1, web_server.DELIVERY, console.environment | kept, folder)
        plane.start()
        made = Scene(postgres, valkey, folder, console, front_of(console), plane, disk)
        try:
            yield made
        finally:
            made.plane.kill()
            made.console.kill()
            made.valkey.stop()


def manage(console: Console, *arguments: str) -> None:
    """One of the console's own commands."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
    subprocess.run(command, env=console.environment, check=True, capture_output=True)


def figure(server: Server, name: str) -> float:
    """What the server tells of its delivery."""
    connection = http.client.HTTPConnection(server.address, timeout=5)
    connection.request("GET", "/metrics")
    said = connection.getresponse().read().decode()
    starts = f"routing_console_delivery_{name} "
    (value,) = (line.removeprefix(starts) for line in said.splitlines() if line.startswith(starts))
    return float(value)


def seconds_until_fresh(server: Server) -> float:
    began = time.monotonic()
    while not figure(server, "is_fresh"):
        if time.monotonic() - began > FRESH_LIMIT_S:
            return float("inf")
        time.sleep(0.05)
    return time.monotonic() - began


def measured(made: Scene, name: str, token: str) -> tuple[Load, float]:
    """Polls while one fault begins, lasts and ends; and how long until delivery is fresh again."""
    servers = [made.plane] if "all_away" in name else [made.plane, made.front]
    fault = made.fault(name)()
    bearer = {"Authorization": f"Bearer {token}"}
    with polling(servers, bearer, per_second=POLLS_PER_SECOND, retries=True) as load:
        load.wait_for_more(POLLS_PER_SECOND)
        next(fault)
        time.sleep(FAULT_S)
        next(fault, None)
        fresh_s = seconds_until_fresh(made.plane)
        load.wait_for_more(POLLS_PER_SECOND)
    return load, fresh_s


def main() -> None:
    """Print a row for each fault."""
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as made:
        token = made.console.demo()["router_token"]
        print("| Fault | Polls | Answered 200 | Asked again elsewhere | Failed | Fresh after |")
        print("|---|---|---|---|---|---|")
        for name in sys.argv[1:] or FAULTS:
            if name == "disk_full" and not made.disk.is_real:
                print(f"  left out: disk full, as none could be mounted ({made.disk.why})")
                continue
            load, fresh_s = measured(made, name, token)
            good, polls = load.statuses[200], sum(load.statuses.values())
            title = name.replace("_", " ")
            row = [title, f"{polls:,}", f"{good:,}", load.retried, len(load.failures)]
            print("| " + " | ".join(map(str, [*row, f"{fresh_s:.1f} s"])) + " |", flush=True)
            for failure in load.failures[:5]:
                print(f"  {failure}", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    main()
