"""What tells one request from another in logs: its id, and a line when it has ended."""

from __future__ import annotations

import logging
import re
import secrets

from routing_console.front.wire import Scope, header

logger = logging.getLogger("routing_console.requests")

ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def id_of(scope: Scope) -> str:
    """The id that a proxy gave the request, where it is one, else a new one."""
    sent = header(scope, b"x-request-id") or b""
    return sent.decode() if ID.fullmatch(sent) else secrets.token_hex(8)


def log_request(scope: Scope, place: str, status: int, seconds: float) -> None:
    """One line for a request that has ended. Its query stays out: it may hold what people typed."""
    duration_ms = round(seconds * 1000, 1)
    known = {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "duration_ms": duration_ms,
        "place": str(place),
    }
    sentence = "%s %s %d in %.1f ms (%s)"
    logger.info(sentence, known["method"], known["path"], status, duration_ms, place, extra=known)
