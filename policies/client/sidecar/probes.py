"""Liveness, readiness and metrics: what orchestrators and Prometheus ask."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..client import PolicyClient
from .figures import Figures
from .http import Answer, Asked, json_answer
from .metrics import CONTENT_TYPE, exposition
from .routes import READ, Route


class Probes:
    """Probes of one sidecar. `is_closing` tells that it is on its way out."""

    def __init__(
        self,
        client: PolicyClient,
        figures: Figures,
        is_closing: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._figures = figures
        self._is_closing = is_closing
        self._clock = clock

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
        release, health = self._client.release, self._client.health
        trouble = self._trouble()
        document = {
            "status": "unavailable" if trouble else "ok",
            "detail": trouble,
            "release": release and {"number": release.number, "digest": release.digest},
            "poll_failures": health.failures,
            "last_error": health.last_error,
        }
        return json_answer(document, 503 if trouble else 200)

    def _trouble(self) -> str:
        if self._is_closing():
            return "The sidecar is closing."
        release = self._client.release
        if release is None:
            return "There is no release yet."
        if not release.may_decide(self._clock()):
            return f"Release {release.number} is stale, and its workflow refuses stale releases."
        return ""

    def _metrics(self, asked: Asked) -> Answer:
        text = exposition(self._figures.families())
        return Answer(200, text.encode("utf-8"), CONTENT_TYPE)
