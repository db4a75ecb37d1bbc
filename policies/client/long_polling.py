"""How long to ask the console to hold a poll, and when to poll next. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .backoff import pause_s, spread_s

# A proxy that cut a wait cuts the next one just as soon; so many go well before longer is tried.
CAREFUL_FOR = 20
SHORTEST_WAIT_S = 2.0
# Held polls come back at once, a little apart from one another, but never in a tight loop.
SPREAD_S = 0.1
SHORTEST_ROUND_S = 0.5


@dataclass
class LongPolling:
    """Longest wait in seconds; 0 polls at intervals only. Changed as waits are held or cut."""

    longest_s: float
    interval_s: float

    def __post_init__(self) -> None:
        self.wait_s = self.longest_s
        self._good = self._failed_waits = 0

    def note_good(self) -> None:
        """A poll was answered; a wait was held to its end or ended with a release."""
        self._good += 1
        if self._good >= CAREFUL_FOR:
            self._good = 0
            self.wait_s = min(self.longest_s, 2 * max(self.wait_s, SHORTEST_WAIT_S))

    def note_cut(self, waited_s: float) -> None:
        """Somebody in between ended a wait after so long."""
        self._good = 0
        half = min(self.wait_s, waited_s) / 2
        self.wait_s = half if half >= SHORTEST_WAIT_S else 0.0

    def note_wait(self, *, failed: bool, took_s: float) -> None:
        """A poll with a wait was answered, or failed without being cut and without a word when to
        come again. Where that is so twice in a row, others going well in between, it is no outage:
        somebody on the way refuses waits."""
        self._failed_waits = self._failed_waits + 1 if failed else 0
        if self._failed_waits > 1:
            self.note_cut(took_s)

    def pause_s(
        self,
        *,
        prompt: bool,
        took_s: float,
        failures: int,
        retry_after_s: float,
        random: Callable[[], float],
    ) -> float:
        """Seconds until the next poll, after one that took so long; `random` is in [0, 1).

        `prompt` says that it should come at once: the last was held, or brought a release.
        """
        if failures or not prompt or not self.wait_s:
            return pause_s(self.interval_s, failures, retry_after_s, random)
        spread = SPREAD_S * random()
        wished = spread_s(retry_after_s, random)
        return max(SHORTEST_ROUND_S - took_s, 0.0) + max(spread, wished)
