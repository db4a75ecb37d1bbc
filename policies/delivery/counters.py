"""What a plane counts, as plain numbers by name; whoever publishes metrics reads them."""

from __future__ import annotations

from collections import Counter


class Counters:
    """Counts of this process since it started, and the last value of what is not a count."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()  # by HTTP status
        self.released = 0  # waiting routers that were told of something new
        self.reloads = 0
        self.failed_checks = 0
        self.unverified_releases = 0  # in force, but not handed out
        self.last_reload_s = 0.0
        self.failed_snapshots = 0

    def by_name(self) -> dict[str, float]:
        """All of them; counts of answers are `answers_<status>`."""
        return {
            **{f"answers_{status}": count for status, count in sorted(self.answers.items())},
            "waiters_released": self.released,
            "reloads": self.reloads,
            "last_reload_s": self.last_reload_s,
            "failed_checks": self.failed_checks,
            "unverified_releases": self.unverified_releases,
            "failed_snapshots": self.failed_snapshots,
        }
