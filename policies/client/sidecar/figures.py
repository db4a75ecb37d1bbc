"""What a sidecar counts and what it reads off its client, as metrics."""

from __future__ import annotations

from ...engine import NextAttempt, Stop
from ..client import Decided, PolicyClient
from ..health import Health
from ..releases import Release
from .metrics import Counter, Family, gauge

NO_MODEL = ""


class Figures:
    """Counts of one sidecar. From its loop's thread only."""

    def __init__(self, client: PolicyClient) -> None:
        self._client = client
        self._decisions = Counter(
            "decisions_total", "Requests decided, by class and chosen model.", "class", "model"
        )
        self._steps = Counter(
            "next_attempts_total",
            "Answers to what to do next: call a model, or stop for a reason.",
            "do",
            "reason",
        )
        self._outcomes = Counter("outcomes_total", "Outcomes taken or refused here.", "result")
        self._requests = Counter(
            "http_requests_total", "Requests answered, by path and status.", "path", "status"
        )
        self._seconds = Counter(
            "http_request_seconds_total", "Time spent on answering, by path.", "path"
        )

    def note_decision(self, decided: Decided) -> None:
        self._decisions.add(decided.decision.class_key, decided.model or NO_MODEL)

    def note_step(self, step: NextAttempt | Stop) -> None:
        if isinstance(step, NextAttempt):
            self._steps.add("call", "")
        else:
            self._steps.add("stop", step.reason)

    def note_outcomes(self, queued: int, rejected: int) -> None:
        self._outcomes.add("queued", count=queued)
        self._outcomes.add("rejected", count=rejected)

    def note_request(self, path: str, status: int, seconds: float) -> None:
        self._requests.add(path, str(status))
        self._seconds.add(path, count=seconds)

    def families(self) -> list[Family]:
        """Every metric, at this moment."""
        counters = (
            self._decisions,
            self._steps,
            self._outcomes,
            self._requests,
            self._seconds,
        )
        return [*(counter.family for counter in counters), *self._of_client()]

    def _of_client(self) -> list[Family]:
        release, health = self._client.release, self._client.health
        families = [
            gauge("ready", "1 while requests can be decided.", int(health.ready)),
            gauge(
                "policy_age_seconds",
                "Since the console last confirmed the release.",
                health.confirmed_s,
            ),
            gauge("poll_failures", "Failed polls in a row.", health.failures),
            gauge(
                "outcomes_waiting",
                "Outcomes not delivered to the console.",
                health.outcomes_waiting,
            ),
            gauge("outcomes_waiting_bytes", "Their size.", health.outcomes_waiting_bytes),
            gauge("outcomes_lost", "Outcomes given up since the start.", health.outcomes_lost),
            gauge(
                "token_misplaced",
                "1 while the token is not of where the releases come from.",
                int(bool(health.token_error)),
            ),
            gauge("disk_trouble", "1 while the folder cannot be written.", int(bool(health.disk))),
            self._breakers(),
        ]
        return families if release is None else [*families, *_of_release(release, health)]

    def _breakers(self) -> Family:
        open_now = sorted(self._client.runtime().open_breakers)
        samples = [((model,), 1.0) for model in open_now]
        return Family("breaker_open", "gauge", "Models whose breaker is open.", ("model",), samples)


def _of_release(release: Release, health: Health) -> list[Family]:
    end = release.not_after.timestamp()
    return [
        gauge("release_number", "The release held.", release.number),
        gauge("release_not_after_timestamp_seconds", "Until when it may be used.", end),
        gauge("release_stale", "1 when that time is over.", int(health.stale)),
        gauge(
            "release_compromised",
            "1 when the key that signed it is compromised.",
            int(health.compromised),
        ),
    ]
