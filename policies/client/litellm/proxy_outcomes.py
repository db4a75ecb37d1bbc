"""Outcomes of requests that LiteLLM's proxy makes, put together of its log events.

Log events come once an attempt, from a worker of LiteLLM's, some after the request has ended. So an
outcome is reported when an attempt has answered, else shortly after the proxy said that all failed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from ..client import Decided
from .chain import Decides
from .record import Record

MOST_OPEN = 10_000
SETTLES_AFTER_S = 1.0


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
        self._lock = threading.Lock()

    def begin(self, decided: Decided) -> None:
        """A request was decided and goes out."""
        with self._lock:
            self._open[decided.request.request_id] = Record(decided)
            too_many = len(self._open) > self._most_open
            oldest = self._open.popitem(last=False)[1] if too_many else None
        self._end(oldest)

    def answered(self, request_id: object, model: str, response: Any, latency_ms: float) -> None:
        record = self._taken(request_id)
        if record is not None:
            record.answered(model, response, latency_ms=latency_ms)
            self._count(record)
            self._end(record)

    def failed(self, request_id: object, model: str, error: object, latency_ms: float) -> None:
        with self._lock:
            record = self._open.get(str(request_id))
        if record is not None and isinstance(error, Exception):
            record.failed(model, error, latency_ms=latency_ms)
            self._count(record)

    def end_soon(self, request_id: object) -> threading.Timer:
        """The request has failed for good; what its last attempts say may be still on its way."""
        timer = threading.Timer(self._settles_after_s, lambda: self._end(self._taken(request_id)))
        timer.daemon = True
        timer.start()
        return timer

    def _count(self, record: Record) -> None:
        """For breakers; what the client would do next is LiteLLM's to say here."""
        self._client.next_attempt(record.decided, record.attempts)

    def _end(self, record: Record | None) -> None:
        """Report, unless nothing was tried: of such a request nothing is known."""
        if record is not None and record.attempts:
            self._client.report(record.event())

    def _taken(self, request_id: object) -> Record | None:
        with self._lock:
            return self._open.pop(str(request_id), None)
