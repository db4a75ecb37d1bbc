"""How the web server is started: `python -m routing_console.web_server [Granian's options]`.

Standard library only: the supervisor asks for the command before anything is imported.
"""

import os
import resource
import sys

APPLICATION = "routing_console.asgi:application"
# A router that waits for its next release holds one connection.
MOST_CONNECTIONS = 20_000


def command(*options: str) -> list[str]:
    """The server's command with what every process of the console needs, and these options."""
    return [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--loop", "uvloop",
            "--backlog", "4096", "--backpressure", str(MOST_CONNECTIONS),
            "--respawn-failed-workers", *options, APPLICATION]  # fmt: skip


def main() -> None:
    """Become the web server, with as many open files as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    words = command(*sys.argv[1:])
    os.execv(words[0], words)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
