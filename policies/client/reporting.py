"""Outcomes on their way to the console: gathered, sent in batches, kept while it is away."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .background import Background
from .backoff import pause_s
from .errors import AnswerTooLarge, ClientError, FetchFailed, OutcomeRefused
from .segments import MOST_EVENTS
from .spool import Spool
from .summaries import Summer
from .transport import Receipt

GATHER_S = 1.0
# Somebody may end without a word while we run, and leave outcomes behind.
LOOK_FOR_OTHERS_S = 60.0
TOO_LARGE = 413
# Where the console says so, it has read such a batch and will never take it; sending it again
# cannot help. A proxy on the way, with a smaller bound for bodies for instance, can be set right.
HOPELESS = frozenset({400, TOO_LARGE, 415, 422})
MOST_REJECTIONS_TOLD = 5


class Receiver(Protocol):
    """Where outcomes are sent."""

    def post_outcomes(self, events: Sequence[str]) -> Receipt: ...


class Reporter:
    """Sends from a thread of its own, which begins with the first outcome. Thread-safe.

    With a `summer`, sums of a minute take the place of most outcomes, and what is not sent yet of
    the last minute is in memory only.
    """

    def __init__(
        self,
        receiver: Receiver | None,
        spool: Spool,
        say: Callable[[str], None],
        summer: Summer | None = None,
    ) -> None:
        self._receiver = receiver
        self._spool = spool
        self._say = say
        self._summer = summer
        self._background = Background(
            "outcomes", self._step, say, first_pause_s=GATHER_S, last=self._send_waiting
        )
        self._failures = 0
        self._looked_at = float("-inf")
        self._closed = False
        self._refused = 0
        self._failure = self._refusal = ""

    @property
    def alive(self) -> bool:
        return self._background.alive

    @property
    def waiting(self) -> int:
        """How many events and sums are not delivered yet."""
        return self._spool.waiting + (self._summer.waiting if self._summer else 0)

    @property
    def waiting_bytes(self) -> int:
        return self._spool.size

    @property
    def lost(self) -> int:
        """How many events and sums the console will never have: without room, refused, or told
        too late."""
        return self._spool.lost + self._refused

    @property
    def last_error(self) -> str:
        """Why nothing can be delivered now; while that goes well, why the last that is lost was
        refused."""
        return self._failure or self._refusal

    @property
    def trouble(self) -> str:
        """What of the disk cannot be used; "" while all is well."""
        return self._spool.trouble

    def start(self) -> None:
        """Take outcomes again after `close`, and send what an earlier process left."""
        self._closed = False
        if self._spool.has_files:
            self._background.start()

    def add(self, event: Mapping[str, object]) -> bool:
        """Keep an event to be sent; False, told and counted as lost, for one that cannot be."""
        try:
            self.take(event)
        except OutcomeRefused as error:
            self._note_refusal(1, f"An outcome is lost: {error}.")
            return False
        return True

    def take(self, event: Mapping[str, object]) -> None:
        """Keep an event to be sent; raises OutcomeRefused for one that cannot be."""
        if self._receiver is None:
            raise OutcomeRefused("no console is known to report to")
        if self._closed:
            raise OutcomeRefused("it came after the client was closed")
        try:
            text = json.dumps(event, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise OutcomeRefused(f"it is not JSON: {error}") from None
        try:
            self._keep([text] if self._summer is None else self._summed(self._summer, text))
        except ValueError as error:
            raise OutcomeRefused(f"it cannot be summed: {error}") from None
        self._see_to_it()

    def close(self, timeout_s: float = 10.0) -> None:
        """Send what is waiting, once more, within the time; then say what becomes of the rest."""
        self._closed = True
        self._keep_sums(everything=True)
        if self._background.alive:
            self._background.stop(timeout_s)
        else:
            self._send_waiting()
        left = self._spool.waiting - self._spool.unwritten
        self._spool.close()
        if left:
            self._say(f"{left} outcomes wait on disk for the next start.")
        if lost := self.lost:
            self._say(f"{lost} outcomes were not reported.")

    def after_fork(self) -> None:
        self._background.after_fork()
        self._spool.after_fork()
        if self._summer is not None:
            self._summer.after_fork()
        self._failures, self._refused = 0, 0
        self._failure = self._refusal = ""
        self._looked_at = float("-inf")

    def _keep(self, lines: Sequence[str]) -> None:
        had_room = not self._spool.dropped
        for line in lines:
            self._spool.add(line)
        if had_room and self._spool.dropped:
            self._say("There are more outcomes than may be kept; the oldest are lost.")

    def _summed(self, summer: Summer, text: str) -> list[str]:
        other, lines = summer.other, summer.add(text)
        if not other and summer.other:
            self._say('There are more kinds of requests than are summed apart; they are "other".')
        return lines

    def _keep_sums(self, *, everything: bool = False) -> None:
        if self._summer is not None:
            self._keep(self._summer.take(everything=everything))

    def _see_to_it(self) -> None:
        if not self._background.alive:
            with contextlib.suppress(RuntimeError):  # the interpreter ends; `close` sends it
                self._background.start()
        # Having failed, no number of waiting events may bring the next try forward.
        if not self._failures and self._spool.waiting >= MOST_EVENTS:
            self._background.wake()

    def _step(self) -> float:
        if time.monotonic() - self._looked_at > LOOK_FOR_OTHERS_S:
            self._looked_at = time.monotonic()
            if found := self._spool.take_over():
                self._say(f"{found} outcomes of an earlier process are sent now.")
        self._keep_sums()
        wish = self._send_waiting()
        return pause_s(GATHER_S, self._failures, wish, random.random)

    def _send_waiting(self) -> float:
        """Send batch after batch until none is left or one fails; gives the wished wait, in s."""
        while self._receiver is not None and (batch := self._next_batch()):
            try:
                answers = _deliver(self._receiver, batch)
            except ClientError as error:
                self._spool.end(done=False)
                self._note_failure(str(error))
                return error.retry_after_s if isinstance(error, FetchFailed) else 0.0
            self._spool.end(done=True)
            for sent, answer in answers:
                self._note_answer(sent, answer)
            self._failures, self._failure = 0, ""
        return 0.0

    def _next_batch(self) -> list[str]:
        missing = self._spool.missing
        batch = self._spool.begin()
        if found := self._spool.missing - missing:
            self._say(f"{found} outcomes are lost: their file was removed or damaged.")
        return batch

    def _note_answer(self, sent: int, answer: Receipt | FetchFailed) -> None:
        if isinstance(answer, FetchFailed):
            self._note_refusal(sent, f"{sent} outcomes are given up: {answer}")
        else:
            self._tell_rejections(answer)

    def _note_failure(self, sentence: str) -> None:
        if self._failures == 0:
            self._say(f"Outcomes are kept until the console takes them. {sentence}")
        self._failures += 1
        self._failure = sentence

    def _note_refusal(self, count: int, sentence: str) -> None:
        self._refused += count
        self._refusal = sentence
        self._say(sentence)

    def _tell_rejections(self, receipt: Receipt) -> None:
        rejected = receipt.get("rejected")
        if not isinstance(rejected, list):
            return
        for rejection in rejected[:MOST_REJECTIONS_TOLD]:
            self._note_refusal(0, f"The console refused an outcome: {rejection}")
        if (more := len(rejected) - MOST_REJECTIONS_TOLD) > 0:
            self._say(f"… and {more} more.")
        # One event may be refused for several reasons, each with the event's index.
        places = (each.get("index") for each in rejected if isinstance(each, dict))
        self._refused += len({place for place in places if isinstance(place, int)})


def _deliver(receiver: Receiver, batch: Sequence[str]) -> list[tuple[int, Receipt | FetchFailed]]:
    """What the console says of the batch, for so many events each: a receipt, or that it will
    never take them.

    What is too large for somebody on the way goes in halves. Raises ClientError where some of it
    cannot be delivered now; all of it is sent again then, and what was taken is a duplicate.
    """
    try:
        return [(len(batch), receiver.post_outcomes(batch))]
    except FetchFailed as error:
        if len(batch) > 1 and (error.status == TOO_LARGE or isinstance(error, AnswerTooLarge)):
            half = len(batch) // 2
            return [*_deliver(receiver, batch[:half]), *_deliver(receiver, batch[half:])]
        if not (error.is_problem and error.status in HOPELESS):
            raise
        return [(len(batch), error)]
