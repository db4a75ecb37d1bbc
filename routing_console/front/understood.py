"""Requests that were parsed before, by their bytes: a router asks with the same ones each time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

from routing_console.front.direct import Quick

MOST_BYTES_EACH = 1024
MOST_LINES_EACH = 20  # clients send five to eight, proxies some more
# Measured as parsed and read by the plane: 1.7 kB for a client's 300 bytes in 6 lines, 4.9 kB for
# 1,000 bytes in 20. `_cost` has them as 2.0 and 5.2 kB, so that this is more than is taken whatever
# is sent: 24,000 usual requests (41 MB), or 9,200 of the costliest (45 MB).
MOST_COST = 48_000_000
LOOKED_AT_ONCE = 200


class Understood(dict[bytes, tuple[Quick, Any]]):
    """What whole requests were understood as, for one process.

    Only what could be answered quickly is added, so that it takes a good token to fill it; when it
    is full the oldest quarter goes, and each of those is parsed once more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cost = 0  # of all that is kept (bytes)

    def add(self, data: bytes, asked: tuple[Quick, Any]) -> None:
        if len(data) > MOST_BYTES_EACH or _lines(data) > MOST_LINES_EACH:
            return
        if data not in self:
            self.cost += _cost(data)
        self[data] = asked
        if self.cost > MOST_COST:
            self._forget_oldest()

    def forget_ended(self) -> None:
        """Keep nothing of who has ended: it would stay until as much has come from others.

        Some at a time, on the running loop, which answers polls in between.
        """
        self._look_through(iter(list(self)))

    def _look_through(self, left: Iterator[bytes]) -> None:
        looked_at = list(islice(left, LOOKED_AT_ONCE))
        found = [(data, self[data]) for data in looked_at if data in self]
        self._forget([data for data, (quick, asked) in found if quick.has_ended(asked)])
        if looked_at:
            asyncio.get_running_loop().call_soon(self._look_through, left)

    def _forget_oldest(self) -> None:
        # Many at once: a dict finds its first item slowly when those before it were taken out.
        self._forget(list(islice(self, len(self) // 4 + 1)))

    def _forget(self, those: list[bytes]) -> None:
        for data in those:
            del self[data]
            self.cost -= _cost(data)


def _lines(data: bytes) -> int:
    """Header lines of a request without a body: all but its first line and the empty one."""
    return data.count(b"\n") - 2


def _cost(data: bytes) -> int:
    """Bytes that a request and what it was understood as take at most: its own twice, as a key and
    as headers, and objects for each line."""
    return 600 + 2 * len(data) + 130 * _lines(data)
