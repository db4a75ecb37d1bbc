"""Requests that were parsed before, by their bytes: a router asks with the same ones each time."""

from __future__ import annotations

from typing import Any

from routing_console.front.direct import Quick

MOST = 20_000
MOST_BYTES = 1024


class Understood(dict[bytes, tuple[Quick, Any]]):
    """What whole requests were understood as, for one process.

    Only what could be answered quickly is added, so that it takes a good token to fill it; when it
    is full it begins anew, and each request is parsed once more.
    """

    def add(self, data: bytes, asked: tuple[Quick, Any]) -> None:
        if len(data) <= MOST_BYTES:
            if len(self) >= MOST:
                self.clear()
            self[data] = asked
