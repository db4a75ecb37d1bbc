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

    `ready` says whether requests are to be sent here, `reason` why not: none can be decided, or the
    release is not kept up to date any more. `compromised`: the release in force is signed with a
    key that is compromised; it goes on being used. `last_success_at` is when the console last
    answered, and `confirmed_s` how long ago it knew the release to be in force, which is longer
    where a plane answers that is cut off. `last_error` says why the last poll failed, or that one
    hangs; `disk` what cannot be written, "" while all is well. `outcomes_error` says why outcomes
    cannot be delivered now, else why the last lost one was refused. `token_error` says that the
    token is not of where the releases come from, so that status and outcomes go to the wrong place.
    """

    ready: bool
    reason: str
    release: int | None
    digest: str | None
    source: str | None
    stale: bool
    compromised: bool
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


@dataclass(frozen=True)
class Polling:
    """Whether polling `ought` to go on, None before it was ever started; whether its thread is
    `alive`; and since when one poll goes on, in seconds of the epoch, though none may take longer
    than `longest_s`."""

    ought: bool | None
    alive: bool
    since: float | None
    longest_s: float

    def why_not(self) -> str:
        """Why the release is not kept up to date; "" where it is, or where others see to that."""
        if self.ought is None:
            return ""
        if not self.ought:
            return "The client is closed: it decides on with what it holds, and polls no more."
        return "" if self.alive else "The thread that polls has ended."

    def hanging(self, now: float) -> str:
        """That a poll hangs; "" where none does."""
        if not self.alive or self.since is None or now - self.since <= self.longest_s:
            return ""
        return (
            f"A poll goes on for {now - self.since:.0f} s, though none may take longer than "
            f"{self.longest_s:.0f} s: what it waits for hangs, such as the function that gives the "
            "token."
        )


def health_of(
    poller: Poller, reporter: Reporter, status: StatusReporter, polling: Polling, now: float
) -> Health:
    """How these are, `now` in seconds of the epoch."""
    held, progress = poller.held, poller.progress
    release = held.release if held is not None else None
    reason = polling.why_not() or why_unusable(release, now)
    confirmed_at = progress.confirmed_at
    return Health(
        ready=not reason,
        reason=reason,
        release=release.number if release is not None else None,
        digest=release.digest if release is not None else None,
        source=release.source if release is not None else None,
        stale=release is not None and release.is_stale(now),
        compromised=poller.is_compromised,
        adopted_at=held.adopted_at if held is not None else None,
        polling=polling.alive,
        last_success_at=progress.last_success_at,
        confirmed_s=max(now - confirmed_at, 0.0) if confirmed_at is not None else None,
        failures=progress.failures,
        last_error=polling.hanging(now) or progress.last_error,
        retry_after_s=progress.retry_after_s,
        outcomes_waiting=reporter.waiting,
        outcomes_waiting_bytes=reporter.waiting_bytes,
        outcomes_lost=reporter.lost,
        outcomes_error=reporter.last_error,
        token_error=status.token_error,
        disk=poller.disk_trouble or reporter.trouble or status.trouble,
    )
