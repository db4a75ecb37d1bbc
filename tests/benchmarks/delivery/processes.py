"""Servers under test, each on one core, and what they took of it. Linux only."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
START_S = 60
TICKS = os.sysconf("SC_CLK_TCK")
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


@dataclass(frozen=True)
class Server:
    """A running server and its address."""

    name: str
    url: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of processor time of it and all it started."""
        ticks = 0
        for pid in _tree(self.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def memory_kb(self) -> int:
        """Its share of physical memory, and that of all it started."""
        total = 0
        for pid in _tree(self.pid):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
        return total


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting.extend(parents.get(found[-1], ()))
    return found


@contextlib.contextmanager
def served(
    name: str, command: list[str], url: str, environment: Mapping[str, str] = os.environ
) -> Iterator[Server]:
    """Start it on the server's core, wait until it answers anything, and end it afterwards."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], env=dict(environment))
    try:
        _wait_for(url, process)
        yield Server(name, url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5)  # noqa: S310 - of this machine
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def has(*programs: str) -> bool:
    """Whether these are installed; says which is not."""
    missing = [program for program in programs if not _is_there(program)]
    for program in missing:
        print(f"{program} is not installed; what needs it is left out.")
    return not missing


def _is_there(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None


def nginx(folder: Path, port: int, *, locations: str, modules: str = "") -> list[str]:
    """The command for an nginx of one worker with these locations."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = f"""
{modules}
worker_processes 1; daemon off; user root; pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 30000;
events {{ worker_connections 24000; }}
http {{
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=100;
  keepalive_requests 100000000; keepalive_timeout 300; types {{ application/json json; }}
  map $http_authorization $is_known {{ default 0; "~^Bearer rcr_" 1; }}
  {"nchan_shared_memory_size 512M;" if modules else ""}
  server {{ listen 127.0.0.1:{port} backlog=8192; client_max_body_size 4m;
    client_body_buffer_size 1m; root {folder}; {locations} }}
}}"""
    file = folder / "nginx.conf"
    file.write_text(configuration)
    return ["nginx", "-p", str(folder), "-c", str(file)]
