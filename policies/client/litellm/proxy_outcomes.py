"""Outcomes of requests that LiteLLM's proxy makes, put together of what it tells of attempts.

Log events come from a worker of LiteLLM's, some after the request has ended. So an outcome is
reported when an attempt has answered, else shortly after the proxy said that all failed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from typing import Any

from ..background import Background
from ..client import Decided
from .chain import Decides
from .record import Record

logger = logging.getLogger(__name__)
MOST_OPEN = 10_000
SETTLES_AFTER_S = 1.0
IDLE_S = 3600.0


class ProxyOutcomes:
    """Open requests by id. When more are open than may be, the oldest is reported as it stands."""

    def __init__(
        self,
        client: Decides,
        settles_after_s: float = SETTLES_AFTER_S,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._client = client
        self._settles_after_s = settles_after_s
        self._most_open = most_open
        self._open: OrderedDict[str, Record] = OrderedDict()
        # Those that failed for good, and when each is told of; one thread waits for all.
        self._settling: deque[tuple[float, str]] = deque(maxlen=most_open)
        self._lock = threading.Lock()
        self._settler = Background("proxy-outcomes", self._settle, logger.warning)

    def begin(self, decided: Decided) -> None:
        """A request was decided and goes out."""
        with self._lock:
            self._open[decided.request.request_id] = Record(decided)
            too_many = len(self._open) > self._most_open
            oldest = self._open.popitem(last=False)[1] if too_many else None
        self._end(oldest)

    def begin_call(self, request_id: object) -> None:
        """An attempt goes out: its latency counts from here."""
        record = self._found(request_id)
        if record is not None:
            record.begin_call()

    def answered(self, request_id: object, model: str, response: Any, latency_ms: float) -> None:
        record = self._taken(request_id)
        if record is not None:
            record.answered(model, response, latency_ms=latency_ms)
            self._count(record)
            self._end(record)

    def failed(
        self, request_id: object, model: str, error: object, latency_ms: float | None = None
    ) -> None:
        record = self._found(request_id)
        if record is not None and isinstance(error, Exception):
            record.failed(model, error, latency_ms=latency_ms)
            self._count(record)

    def end_soon(self, request_id: object) -> None:
        """The request has failed for good; what its last attempts say may be still on its way."""
        with self._lock:
            if str(request_id) not in self._open:
                return
            self._settling.append((time.monotonic() + self._settles_after_s, str(request_id)))
        self._settler.start()
        self._settler.wake()

    def _settle(self) -> float:
        """Report what has settled; gives how long nothing else will, in seconds."""
        while self._settling:
            due_at, request_id = self._settling[0]
            left_s = due_at - time.monotonic()
            if left_s > 0:
                return left_s
            self._settling.popleft()
            self._end(self._taken(request_id))
        return IDLE_S

    def _count(self, record: Record) -> None:
        """For breakers; what the client would do next is LiteLLM's to say here."""
        self._client.next_attempt(record.decided, record.attempts)

    def _end(self, record: Record | None) -> None:
        """Report, unless nothing was tried: of such a request nothing is known."""
        if record is not None and record.attempts:
            self._client.report(record.event())

    def _found(self, request_id: object) -> Record | None:
        with self._lock:
            return self._open.get(str(request_id))

    def _taken(self, request_id: object) -> Record | None:
        with self._lock:
            return self._open.pop(str(request_id), None)
