"""How a server process is started: `python -m routing_console.web_server [options]`.

Standard library only, until it serves: the supervisor asks for the command before anything is
imported.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from typing import Any

from routing_console.ports import wait_until_free

CONSOLE = "routing_console.asgi:application"
DELIVERY = "routing_console.delivery_asgi:application"
BACKLOG = 4096


def command(application: str, *options: str) -> list[str]:
    """The command of a server of this application with these options."""
    return [sys.executable, "-m", "routing_console.web_server", *options, application]


def serve(application: str, *, host: str, port: int, workers: int, patience_s: int) -> None:
    """Serve until this process is asked to stop; what runs then has `patience_s` to finish.

    With more than one worker this process only watches over them, and replaces one that dies.
    """
    # Here, because whoever asks for a command may have neither.
    import uvicorn  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wait_until_free(host, port)  # where it stays taken, the server says so
    uvicorn.run(
        application,
        host=host,
        port=port,
        workers=workers,
        timeout_graceful_shutdown=patience_s,
        log_config=settings.LOGGING,  # for the process that only watches, and before Django is up
        **of_every_server(),
    )


def of_every_server() -> dict[str, Any]:
    """What the servers of tests have in common with ours, as uvicorn's `Config` takes it."""
    return {
        "http": "routing_console.front.protocol:FrontProtocol",
        "ws": "none",
        "lifespan": "on",
        "interface": "asgi3",
        "loop": "uvloop",
        "backlog": BACKLOG,
        "access_log": False,
        # The console decides whom it believes about whom a request came from.
        "proxy_headers": False,
        "server_header": False,
    }


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m routing_console.web_server")
    parser.add_argument("application", nargs="?", default=CONSOLE)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes on this port")
    parser.add_argument(
        "--patience", type=int, default=30, help="seconds that running requests have to finish"
    )
    given = parser.parse_args()
    serve(
        given.application,
        host=given.host,
        port=given.port,
        workers=given.workers,
        patience_s=given.patience,
    )


if __name__ == "__main__":
    main()
