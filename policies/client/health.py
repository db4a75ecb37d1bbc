"""How a client is, for probes and people."""

from __future__ import annotations

from dataclasses import dataclass

from .poller import Poller
from .reporting import Reporter
from .status import StatusReporter
from .troubles import why_unusable


@dataclass(frozen=True)
class Health:
    """Plain values, fit for JSON by `dataclasses.asdict`. Times are seconds of the epoch.

    `ready` says whether requests can be decided now, `reason` why not. `confirmed_s` is how long
    ago the console was last heard from, and `disk` what cannot be written, "" while all is well.
    `outcomes_error` says why outcomes cannot be delivered now, else why the last lost one was
    refused. `token_error` says that the token is not of where the releases come from, so that
    status and outcomes go to the wrong place.
    """

    ready: bool
    reason: str
    release: int | None
    digest: str | None
    source: str | None
    stale: bool
    adopted_at: float | None
    polling: bool
    last_success_at: float | None
    confirmed_s: float | None
    failures: int
    last_error: str
    retry_after_s: float
    outcomes_waiting: int
    outcomes_waiting_bytes: int
    outcomes_lost: int
    outcomes_error: str
    token_error: str
    disk: str


def health_of(
    poller: Poller,
    reporter: Reporter,
    status: StatusReporter,
    now: float,
    *,
    started: bool,
    polling: bool,
) -> Health:
    """How these are. `started` says that polling ought to go on, `polling` that it does."""
    held, progress = poller.held, poller.progress
    release = held.release if held is not None else None
    reason = _reason(poller, now, is_dead=started and not polling)
    heard = progress.last_success_at
    return Health(
        ready=not reason,
        reason=reason,
        release=release.number if release is not None else None,
        digest=release.digest if release is not None else None,
        source=release.source if release is not None else None,
        stale=release is not None and release.is_stale(now),
        adopted_at=held.adopted_at if held is not None else None,
        polling=polling,
        last_success_at=heard,
        confirmed_s=max(now - heard, 0.0) if heard is not None else None,
        failures=progress.failures,
        last_error=progress.last_error,
        retry_after_s=progress.retry_after_s,
        outcomes_waiting=reporter.waiting,
        outcomes_waiting_bytes=reporter.waiting_bytes,
        outcomes_lost=reporter.lost,
        outcomes_error=reporter.last_error,
        token_error=status.token_error,
        disk=poller.disk_trouble or reporter.trouble or status.trouble,
    )


def _reason(poller: Poller, now: float, *, is_dead: bool) -> str:
    if is_dead:
        return "The thread that polls has ended."
    return why_unusable(poller.release, now)
