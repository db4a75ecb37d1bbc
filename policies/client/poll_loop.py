"""Polls in the background, held by the console where it can, and lets others wait for it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from .background import Background
from .exchange import Exchanger
from .long_polling import LongPolling
from .poller import Polled, Poller, Say

# The release with the token and with a renewed one, or its two files; and the keys.
EXCHANGES_A_POLL = 3


class PollLoop:
    """Runs a poller in a thread. `adopted` is called when a poll brought a release.

    `polling_since` is when the poll that the thread is at began, by `clock`, None between polls.
    """

    def __init__(
        self,
        poller: Poller,
        pace: LongPolling,
        http: Exchanger,
        *,
        say: Say,
        adopted: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._poller = poller
        self._pace = pace
        self._http = http
        self._adopted = adopted
        self._clock = clock
        self.polling_since: float | None = None
        self._background = Background("policy", self._step, say)
        self._changed = threading.Condition()
        self._polls = 0

    @property
    def longest_s(self) -> float:
        """The most that a poll takes by its deadlines, in seconds."""
        # A wait that was cut is followed by another poll; files that do not fit are fetched again.
        polls = max(2, self._poller.tries)
        return polls * EXCHANGES_A_POLL * self._http.longest_s + self._pace.longest_s

    @property
    def alive(self) -> bool:
        """Whether the thread runs, in this process."""
        return self._background.alive

    def start(self) -> None:
        self._background.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """A poll in flight is cut short; one that still resolves a name may end later."""
        self._background.stop(timeout_s, interrupt=self._http.interrupt)

    def poll(self, *, wait_s: float = 0.0) -> Polled:
        """Poll now, in this thread."""
        polled = self._poller.poll(wait_s=wait_s)
        with self._changed:
            self._polls += not polled.cut
            self._changed.notify_all()
        if polled.new:
            self._adopted()
        return polled

    def wait_for(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something is true that polls may change."""
        with self._changed:
            return self._changed.wait_for(true, timeout_s)

    def wait_polled(self, timeout_s: float) -> bool:
        """Wait until the console was asked once, whatever came of it."""
        return self.wait_for(lambda: self._polls > 0, timeout_s)

    def after_fork(self) -> None:
        self._background.after_fork()
        self._changed = threading.Condition()
        self.polling_since = None

    def _step(self) -> float:
        self.polling_since = self._clock()
        # Asked without a wait, the console says at once that it is back; held, it would say so when
        # there is news, and health would tell of a failure for as long.
        failed = self._poller.progress.failures > 0
        wait_s = 0.0 if failed else self._pace.wait_s
        polled = self.poll(wait_s=wait_s)
        if polled.cut:
            self._pace.note_cut(polled.took_s)
            polled = self.poll()
        elif wait_s:
            is_told_when = self._poller.progress.retry_after_s > 0
            self._pace.note_wait(failed=not polled.ok and not is_told_when, took_s=polled.took_s)
        self.polling_since = None
        if polled.ok:
            self._pace.note_good()
        progress = self._poller.progress
        return self._pace.pause_s(
            prompt=polled.held or polled.new or failed,
            took_s=polled.took_s,
            failures=progress.failures,
            retry_after_s=progress.retry_after_s,
            random=random.random,
        )
