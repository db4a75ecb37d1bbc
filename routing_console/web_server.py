"""How a server process is started: `python -m routing_console.web_server [Granian's options]`.

Standard library only: the supervisor asks for the command before anything is imported.
"""

import os
import resource
import sys
from pathlib import Path
from typing import NoReturn

CONSOLE = "routing_console.asgi:application"
DELIVERY = "routing_console.delivery_asgi:application"
# Granian's own lines, as the settings have all others when they are JSON.
GRANIAN_LOGS = Path(__file__).with_name("granian_logs.json")
# A router that waits for its next release holds one connection.
MOST_CONNECTIONS = 20_000


def command(application: str, *options: str) -> list[str]:
    """The command of a server with what each of the console's needs, and these options."""
    if os.environ.get("ROUTING_CONSOLE_LOG_FORMAT") == "json":
        options = (*options, f"--log-config={GRANIAN_LOGS}")
    return [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--loop", "uvloop",
            "--backlog", "4096", "--backpressure", str(MOST_CONNECTIONS),
            "--respawn-failed-workers", *options, application]  # fmt: skip


def become(application: str, *options: str) -> NoReturn:
    """Go on as the server, with as many open files as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    words = command(application, *options)
    os.execv(words[0], words)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    become(CONSOLE, *sys.argv[1:])
