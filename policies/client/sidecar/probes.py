"""Liveness, readiness and metrics: what orchestrators and Prometheus ask."""

from __future__ import annotations

from collections.abc import Callable

from ..client import PolicyClient
from .figures import Figures
from .http import Answer, Asked, json_answer
from .metrics import CONTENT_TYPE, exposition
from .routes import READ, Route


class Probes:
    """Probes of one sidecar. `is_closing` tells that it is on its way out."""

    def __init__(
        self, client: PolicyClient, figures: Figures, is_closing: Callable[[], bool]
    ) -> None:
        self._client = client
        self._figures = figures
        self._is_closing = is_closing

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/healthz", READ, self._healthz),
            Route("/readyz", READ, self._readyz),
            Route("/metrics", READ, self._metrics),
        ]

    def _healthz(self, asked: Asked) -> Answer:
        return json_answer({"status": "ok"})

    def _readyz(self, asked: Asked) -> Answer:
        """200 while requests can be decided; else 503 and why not."""
        health = self._client.health
        trouble = "The sidecar is closing." if self._is_closing() else health.reason
        document = {
            "status": "unavailable" if trouble else "ok",
            "detail": trouble,
            "release": {"number": health.release, "digest": health.digest},
            "stale": health.stale,
            "compromised": health.compromised,
            "confirmed_s": health.confirmed_s,
            "poll_failures": health.failures,
            "last_error": health.last_error,
            "outcomes_lost": health.outcomes_lost,
            "outcomes_error": health.outcomes_error,
            "token_error": health.token_error,
            "disk": health.disk,
        }
        return json_answer(document, 503 if trouble else 200)

    def _metrics(self, asked: Asked) -> Answer:
        text = exposition(self._figures.families())
        return Answer(200, text.encode("utf-8"), CONTENT_TYPE)
