"""A client that was handed its release: it decides and counts as every other, without a network."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping

from policies.client import Release
from policies.client.decider import Decider
from policies.engine import Bundle

NOW = datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)


def release_of(bundle: Bundle) -> Release:
    """A release of this bundle that is good for ever."""
    return Release(
        workflow="support",
        environment="production",
        number=1,
        digest=bundle.digest,
        bundle=bundle,
        published_at=NOW,
        not_after=datetime.datetime.max.replace(tzinfo=datetime.UTC),
        when_stale="serve_stale",
        approved_by=(),
        source="network",
    )


class HeldClient(Decider):
    """Keeps what is reported to it."""

    def __init__(self, bundle: Bundle, monotonic: Callable[[], float]) -> None:
        self.release = release_of(bundle)
        super().__init__(lambda: self.release, time.time, monotonic)
        self.reported: list[Mapping[str, object]] = []

    def report(self, event: Mapping[str, object]) -> bool:
        self.reported.append(event)
        return True
