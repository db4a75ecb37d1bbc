"""Outcomes on their way to the console: gathered, sent in batches, kept while it is away."""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping

from .backoff import pause_s
from .errors import FetchFailed
from .transport import Transport

LARGEST_BATCH = 500
LARGEST_BATCH_CHARACTERS = 2_000_000  # the console takes at most 5 MB, unpacked
MOST_KEPT = 20_000
GATHER_S = 1.0
# The console has read such a batch and will never take it; sending it again cannot help.
HOPELESS = frozenset({400, 413, 415, 422})
MOST_REJECTIONS_TOLD = 5


class Reporter:
    """Sends from a thread of its own. When more is waiting than may be kept, the oldest go."""

    def __init__(
        self, transport: Transport, say: Callable[[str], None], most_kept: int = MOST_KEPT
    ) -> None:
        self._transport = transport
        self._say = say
        self._waiting: deque[str] = deque()  # events as JSON text
        self._most_kept = most_kept
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._failures = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many events are not delivered yet."""
        return len(self._waiting)

    def add(self, event: Mapping[str, object]) -> None:
        """Queue an event; one that is not JSON is told and left out."""
        try:
            text = json.dumps(event, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            self._say(f"An outcome that is not JSON is left out: {error}")
            return
        with self._lock:
            self._waiting.append(text)
            while len(self._waiting) > self._most_kept:
                self._waiting.popleft()
                self.dropped += 1
        if self.waiting >= LARGEST_BATCH:
            self._wake.set()

    def close(self, timeout_s: float = 10.0) -> None:
        """Send what is waiting, once more, within the time; then say what was lost."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout_s)
        if lost := self.waiting + self.dropped:
            self._say(f"{lost} outcomes were not reported.")

    def _run(self) -> None:
        wish = 0.0
        while not self._closing.is_set():
            # Having failed, no number of waiting events may bring the next try forward.
            signal = self._closing if self._failures else self._wake
            signal.wait(pause_s(GATHER_S, self._failures, wish, random.random))
            self._wake.clear()
            if not self._closing.is_set():
                wish = self._send_waiting()
        self._send_waiting()

    def _send_waiting(self) -> float:
        """Send batch after batch until none is left or one fails; gives the wished wait, in s."""
        while batch := self._take_batch():
            try:
                receipt = self._transport.post_outcomes(batch)
            except FetchFailed as error:
                if error.status not in HOPELESS:
                    self._put_back(batch)
                    self._note_failure(str(error))
                    return error.retry_after_s
                self._say(f"{len(batch)} outcomes are given up: {error}")
            else:
                self._tell_rejections(receipt)
            self._failures = 0
        return 0.0

    def _take_batch(self) -> list[str]:
        batch: list[str] = []
        size = 0
        with self._lock:
            while self._waiting and len(batch) < LARGEST_BATCH:
                size += len(self._waiting[0])
                if batch and size > LARGEST_BATCH_CHARACTERS:
                    break
                batch.append(self._waiting.popleft())
        return batch

    def _put_back(self, batch: list[str]) -> None:
        with self._lock:
            room = max(self._most_kept - len(self._waiting), 0)
            kept = batch[len(batch) - room :] if room < len(batch) else batch
            self.dropped += len(batch) - len(kept)
            self._waiting.extendleft(reversed(kept))

    def _note_failure(self, sentence: str) -> None:
        if self._failures == 0:
            self._say(f"Outcomes are kept until the console takes them. {sentence}")
        self._failures += 1

    def _tell_rejections(self, receipt: object) -> None:
        rejected = receipt.get("rejected") if isinstance(receipt, dict) else None
        if not isinstance(rejected, list):
            return
        for rejection in rejected[:MOST_REJECTIONS_TOLD]:
            self._say(f"The console refused an outcome: {rejection}")
        if len(rejected) > MOST_REJECTIONS_TOLD:
            self._say(f"… and {len(rejected) - MOST_REJECTIONS_TOLD} more.")
