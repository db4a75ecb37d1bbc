"""What a server process has answered: plain numbers, written on the event loop alone."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

# Upper bounds in seconds; what took longer than the last counts in none of them.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass
class Durations:
    """How long the requests of one place took, by bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds


@dataclass
class Tally:
    """Requests by place and status, and how long they took by place."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    durations: dict[str, Durations] = field(default_factory=dict)

    def add(self, place: str, status: int, seconds: float) -> None:
        self.requests[place, status] += 1
        self.durations.setdefault(place, Durations()).add(seconds)
