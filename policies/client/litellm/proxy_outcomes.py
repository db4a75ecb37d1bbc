"""Outcomes of requests that LiteLLM's proxy makes, put together of what it tells of attempts.

Log events come from a worker of LiteLLM's, some after the request has ended. So an outcome is
reported when an attempt has answered, else shortly after the proxy said that all failed.

Of a stream that breaks LiteLLM tells no attempt's end. So it is kept whose call is out: what is
still out when the next call goes out, or when the request has failed, is the one that broke.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..background import Background
from ..client import Decided
from .chain import Decides
from .failures import failure_kind
from .record import Record

logger = logging.getLogger(__name__)
MOST_OPEN = 10_000
SETTLES_AFTER_S = 1.0
# After so long a request was left by its caller, of which LiteLLM tells nothing.
LONGEST_OPEN_S = 3600.0
IDLE_S = 3600.0


@dataclass
class _Open:
    """A request on its way, since `began` of the clock, in s. `calling` is the model whose call is
    out, None while none is; `streams` tells that the caller's answer has begun to stream.
    """

    record: Record
    began: float
    calling: str | None = None
    streams: bool = False


class ProxyOutcomes:
    """Open requests by id, without their prompts. When more are open than may be, or one longer
    than an hour, the oldest is reported as it stands. `clock` gives seconds.
    """

    def __init__(
        self,
        client: Decides,
        settles_after_s: float = SETTLES_AFTER_S,
        most_open: int = MOST_OPEN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._settles_after_s = settles_after_s
        self._most_open = most_open
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()
        # Those that failed for good, and when each is told of; one thread waits for all.
        self._settling: deque[tuple[float, str]] = deque(maxlen=most_open)
        self._lock = threading.Lock()
        self._settler = Background("proxy-outcomes", self._settle, logger.warning)

    def begin(self, decided: Decided) -> None:
        """A request was decided and goes out."""
        # Nothing after the decision reads the prompt, which may be large.
        decided = replace(decided, request=replace(decided.request, prompt=None))
        request_id, now = decided.request.request_id, self._clock()
        with self._lock:
            self._open[request_id] = _Open(Record(decided), now)
            self._open.move_to_end(request_id)
            left = self._taken_of_old(now)
        for request in left:
            self._end(request)

    def begin_call(self, request_id: object, model: str) -> None:
        """An attempt goes out: its latency counts from here. One that is still out has broken off
        before its first part, else LiteLLM would not call again.
        """
        request = self._found(request_id)
        if request is not None:
            if request.calling is not None:
                request.record.broke_off(request.calling)
                self._count(request.record)
            request.calling = model
            request.record.begin_call()

    def streams(self, request_id: object) -> None:
        """The answer of the call that is out begins to reach the caller, part by part."""
        request = self._found(request_id)
        if request is not None:
            request.streams = True

    def answered(self, request_id: object, model: str, response: Any, latency_ms: float) -> None:
        request = self._taken(request_id)
        if request is not None:
            request.record.answered(model, response, latency_ms=latency_ms)
            self._count(request.record)
            self._end(request)

    def failed(
        self, request_id: object, model: str, error: object, latency_ms: float | None = None
    ) -> None:
        request = self._found(request_id)
        if request is not None and isinstance(error, Exception):
            request.calling = None
            request.record.failed(model, error, latency_ms=latency_ms)
            self._count(request.record)

    def stream_failed(self, request_id: object, error: object) -> None:
        """A request that streams has failed for good: with it the call that is still out."""
        request = self._found(request_id)
        if request is None or request.calling is None or not isinstance(error, Exception):
            return
        record, model, request.calling = request.record, request.calling, None
        # What the proxy raises before anything has streamed is its first attempt's error.
        if request.streams or not record.attempts:
            record.failed(model, error, bytes_sent=request.streams)
        elif failure_kind(error) is not None:
            record.broke_off(model)
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

    def _end(self, request: _Open | None) -> None:
        """Report, unless nothing was tried: of such a request nothing is known."""
        if request is not None and request.record.attempts:
            self._client.report(request.record.event())

    def _taken_of_old(self, now: float) -> list[_Open]:
        """Those that are open for too long, or too many."""
        taken = []
        while self._open:
            oldest = next(iter(self._open.values()))
            if len(self._open) <= self._most_open and now - oldest.began <= LONGEST_OPEN_S:
                break
            taken.append(self._open.popitem(last=False)[1])
        return taken

    def _found(self, request_id: object) -> _Open | None:
        with self._lock:
            return self._open.get(str(request_id))

    def _taken(self, request_id: object) -> _Open | None:
        with self._lock:
            return self._open.pop(str(request_id), None)
