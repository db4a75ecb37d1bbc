"""Breaker and retry budget once more, straight from docs/documents.md: every event is kept in a
list, and each answer is worked out from the whole list. Slow, and not a line of it is the engine's.
"""

from math import floor

from policies.engine.fallback import Breaker, RetryBudget

Event = tuple[int, str]
FAILED = {"rate_limit", "quota_exhausted", "timeout", "stream_interrupted", "server_error"}
FAILED |= {"overloaded", "network", "auth", "not_found"}
ANSWERED = {None, "bad_request", "content_policy", "context_window", "capability_unsupported"}
ANSWERED |= {"invalid_output", "low_quality"}


class ListedBreaker:
    """The breaker of one target; events are (time, "begin" | "failed" | "answered" | "asked")."""

    def __init__(self, settings: Breaker) -> None:
        self.settings = settings
        self.window = min(max(1, floor(settings.window_s * 1000.0 + 0.5)), 10**12)
        self.cooldown = min(floor(settings.cooldown_s * 1000.0 + 0.5), 10**12)
        self.bucket = -(-self.window // 10)
        self.ratio = max(1, floor(settings.failure_ratio * 1e6 + 0.5))
        self.events: list[Event] = []

    def begin(self, at: int) -> None:
        self._note(at, "begin")

    def end(self, at: int, kind: str | None) -> None:
        if kind in FAILED:
            self._note(at, "failed")
        elif kind in ANSWERED:
            self._note(at, "answered")
        else:
            self._note(at, "asked")

    def allows(self, at: int) -> bool:
        """Reads the list from its start, state by state."""
        self._note(at, "asked")
        now = self.events[-1][0]
        opened, rest = self._while_closed(self.events)
        while opened is not None:
            until = opened + self.cooldown
            if now < until:
                return False
            ending, free, rest = self._while_half_open([e for e in rest if e[0] >= until])
            if ending is None:
                return free
            if ending[1] == "failed":
                opened = ending[0]
            else:
                opened, rest = self._while_closed(rest)
        return True

    def _note(self, at: int, what: str) -> None:
        self.events.append((max([at, *[time for time, _ in self.events]]), what))

    def _while_closed(self, events: list[Event]) -> tuple[int | None, list[Event]]:
        """When it opened, and the events after that."""
        for index, (now, what) in enumerate(events):
            within = [
                told
                for time, told in events[: index + 1]
                if now // self.bucket - 9 <= time // self.bucket and told in ("failed", "answered")
            ]
            failures = within.count("failed")
            enough = what in ("failed", "answered") and len(within) >= self.settings.min_requests
            if enough and failures * 10**6 >= self.ratio * len(within):
                return now, events[index + 1 :]
        return None, []

    def _while_half_open(self, events: list[Event]) -> tuple[Event | None, bool, list[Event]]:
        """The event that ended it, whether a probe may begin, and the events after that."""
        probes: list[int] = []
        answers = 0
        free = True
        for index, (now, what) in enumerate(events):
            free = not probes or len(probes) % 3 > 0 or now - probes[-1] >= self.window
            if what == "begin" and free:
                probes.append(now)
            answers += what == "answered"
            if what == "failed" or answers == 3:
                return (now, what), free, events[index + 1 :]
        return None, free, []


class ListedBucket:
    """The retry budget; events are (time, parts of a token that it brings)."""

    def __init__(self, settings: RetryBudget) -> None:
        self.share = floor(settings.ratio * 1e9 + 0.5)
        self.per_ms = floor(min(settings.min_per_second, 1e6) * 1e6 + 0.5)
        self.events: list[tuple[int, int]] = []

    def request(self, at: int) -> None:
        self.events.append((at, self.share))

    def retry(self, at: int) -> None:
        self.events.append((at, -(10**9)))

    def allows(self, at: int) -> bool:
        self.events.append((at, 0))
        most = 10 * 10**9 + 1000 * self.per_ms
        held, now = most, 0
        for time, brought in self.events:
            held = min(held + self.per_ms * max(time - now, 0), most)
            held = max(0, min(held + brought, most))
            now = max(now, time)
        return held >= 10**9
