"""Whether a port can be taken. Standard library only."""

import errno
import socket
import time

# What is left of a server that was killed ends a moment after it.
LEFTOVER_LIMIT_S = 5.0
POLL_S = 0.05


def is_free(host: str, port: int) -> bool:
    """Whether a server can listen there; False only where another one does."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def wait_until_free(host: str, port: int, limit_s: float = LEFTOVER_LIMIT_S) -> bool:
    """Whether it became free in so many seconds; at once where it is."""
    give_up_at = time.monotonic() + limit_s
    while not is_free(host, port):
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(POLL_S)
    return True
