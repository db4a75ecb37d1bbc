"""What a poll costs, beside nginx with the same bytes as a static file.

    python -m tests.benchmarks.delivery.polls [seconds of a round] [rounds]
    python -m tests.benchmarks.delivery.polls --peer NAME URL AUTHORIZATION PID

The whole console's server (pages, limits, metrics, 64 real tokens) and nginx take turns on one
core, wrk has the other. A peer that runs already, on the same core, may take turns with them: its
address, what it is sent as `Authorization`, and its process. Needs Debian's `wrk`, `nginx-light`
and two cores.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from argparse import RawTextHelpFormatter
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.delivery import world
from tests.benchmarks.delivery.processes import LOAD_CORE, Server, has, nginx, served
from tests.services.console import free_port

# Each token in turn, as a fleet has one each.
SCRIPT = """
local tokens, requests, at = {%s}, {}, 0
local headers = {%s}
init = function()
  for i, token in ipairs(tokens) do
    headers["Authorization"] = token
    requests[i] = wrk.format("GET", nil, headers)
  end
end
request = function() at = at %% #requests + 1; return requests[at] end
done = function(summary, latency)
  io.write(string.format('JSON{"requests":%%d,"us":%%d,"p50":%%.1f,"p99":%%.1f,"bad":%%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Kind:
    """One way to ask."""

    name: str
    connections: int
    conditional: bool = False
    packed: bool = False


KINDS = (
    Kind("304, 64 connections", 64, conditional=True),
    Kind("200, 64 connections", 64),
    Kind("200 gzip, 64 connections", 64, packed=True),
    Kind("304, 4 connections", 4, conditional=True),
)


@dataclass(frozen=True)
class Peer:
    """A server that somebody else started."""

    name: str
    url: str
    authorization: str
    pid: int


@dataclass(frozen=True)
class Round:
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


def load(server: Server, kind: Kind, tokens: list[str], seconds: float) -> Round:
    """One round of wrk; raises where any answer was not 200 or 304."""
    headers = {"Accept-Encoding": "gzip"} if kind.packed else {}
    if kind.conditional:
        headers["If-None-Match"] = _tag(server.url, tokens[0])
    pairs = ", ".join(f"[{json.dumps(n)}] = {json.dumps(v)}" for n, v in headers.items())
    script = SCRIPT % (", ".join(json.dumps(token) for token in tokens), pairs)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{kind.connections}"]
        command += [f"-d{seconds:g}s", "--timeout", "10s", "-s", file.name, server.url]
        before = server.cpu_s()
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = server.cpu_s() - before
    found = re.search(r"JSON(.*)", output)
    told: dict[str, Any] = json.loads(found[1]) if found else {}
    if told.get("bad", 1):
        raise RuntimeError(f"{server.name}, {kind.name}: {output}")
    return Round(
        told["requests"] / told["us"] * 1e6,
        spent / told["requests"] * 1e6,
        told["p50"] / 1000,
        told["p99"] / 1000,
    )


def _tag(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": token})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - of this machine
        return str(answer.headers["ETag"])


def main(seconds: float, rounds: int, peer: Peer | None = None) -> None:
    """Measure and print the table."""
    if not has("wrk", "nginx", "taskset"):
        return
    made = world.prepare(tokens=64)
    body = made.active.body
    ours, theirs = free_port(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="nginx-bench-"))
    (folder / "policy.json").write_text(body)
    subprocess.run(["gzip", "-9k", str(folder / "policy.json")], check=True)
    folder.chmod(0o755)
    locations = "gzip_static on; location = /policy.json { if ($is_known = 0) { return 401; } }"
    console = [sys.executable, "-m", "routing_console.web_server", "--port", str(ours)]
    figures: defaultdict[tuple[str, str], list[Round]] = defaultdict(list)
    with (
        served(
            "nginx",
            nginx(folder, theirs, locations=locations),
            f"http://127.0.0.1:{theirs}/policy.json",
        ) as a,
        served("console", console, f"http://127.0.0.1:{ours}/api/v1/policy") as b,
    ):
        bearers = [f"Bearer {token}" for token in made.tokens]
        asked = [(a, bearers), (b, bearers)]
        if peer is not None:
            asked.append((Server(peer.name, peer.url, peer.pid), [peer.authorization]))
        for number in range(rounds + 1):  # the first warms up
            for kind in KINDS:
                for server, tokens in asked:
                    measured = load(server, kind, tokens, seconds if number else 1)
                    if number:
                        figures[kind.name, server.name].append(measured)
    print(f"{len(body.encode()):,} bytes; medians of {rounds} rounds of {seconds:g} s\n")
    print(
        "| | nginx, per s | console, per s | ratio | nginx µs CPU | console µs CPU | console p99 |"
    )
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        print(_row(kind.name, figures[kind.name, "nginx"], figures[kind.name, "console"]))
    if peer is not None:
        for kind in KINDS:
            of_peer, of_console = figures[kind.name, peer.name], figures[kind.name, "console"]
            print(_row(f"{kind.name}, beside {peer.name}", of_peer, of_console))


def _row(name: str, theirs: list[Round], ours: list[Round]) -> str:
    ratio = statistics.median(
        b.per_second / a.per_second for a, b in zip(theirs, ours, strict=True)
    )
    per_second = [statistics.median(r.per_second for r in rounds) for rounds in (theirs, ours)]
    cpu = [statistics.median(r.cpu_us for r in rounds) for rounds in (theirs, ours)]
    p99 = statistics.median(r.p99_ms for r in ours)
    return (
        f"| {name} | {per_second[0]:,.0f} | {per_second[1]:,.0f} | {ratio:.2f} "
        f"| {cpu[0]:.1f} µs | {cpu[1]:.1f} µs | {p99:.1f} ms |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=RawTextHelpFormatter)
    parser.add_argument("seconds", type=float, nargs="?", default=4.0, help="of a round")
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("--peer", nargs=4, metavar=("NAME", "URL", "AUTHORIZATION", "PID"))
    given = parser.parse_args()
    beside = None
    if given.peer:
        name, url, authorization, pid = given.peer
        beside = Peer(name, url, authorization, int(pid))
    main(given.seconds, given.rounds, beside)
