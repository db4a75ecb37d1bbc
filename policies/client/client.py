"""The router's side, as a library: poll in the background, decide in the foreground."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from . import processes
from .decided import Decided
from .decider import Decider
from .errors import ClientError
from .exchange import Exchanger
from .health import Health, Polling, health_of
from .instance_ids import InstanceId
from .keyring import Keyring
from .long_polling import LongPolling
from .poll_loop import PollLoop
from .poller import Poller, Say
from .releases import Release
from .reporting import Reporter
from .spool import MOST_BYTES, Spool
from .state import StateFolder
from .static import StaticSource
from .status import StatusReporter
from .summaries import Summaries, Summer
from .tokens import TokenSource, token_of
from .transport import Transport

__all__ = ["Decided", "PolicyClient"]

Started = TypeVar("Started", bound="PolicyClient")


def _silence(sentence: str) -> None:
    """Tell nobody."""


def _harmless(say: Say) -> Say:
    """Telling that hinders nothing when it fails: who listens may be gone."""

    def tell(sentence: str) -> None:
        with contextlib.suppress(Exception):
            say(sentence)

    return tell


class PolicyClient(Decider):
    """Holds a router's release and decides with it. Thread-safe; a forked child polls by itself.

    `url` is the console's address (with or without `/api/v1/policy`), and `token` the router's
    token or a function that gives it; `token_file` names a file instead. The file is read, and the
    function asked, for each request: a renewed token needs no restart. `state_dir` keeps the last
    good release, trusted keys and outcomes; without it all is in memory. `static_url` fetches
    releases from files (see `static`); `url` may then be left out, and nothing is reported.

    The keys that are trusted are those of `trusted_keys`, a JWK Set file, else those that are
    published where the releases come from when it first asks, and the keys that these endorse;
    they are kept in `state_dir`. `expect` is "workflow/environment"; without it the first release
    accepted settles it. `ca_file` names authorities to trust instead of the
    system's. A poll is held by the console for up to `long_poll_s`, 0 for not at all; where it is
    not held, polls are `interval_s` apart. `instance_id` names this process in the fleet; without
    it one is kept in `state_dir`. `labels` say where it runs. `spool_bytes` bounds outcomes that
    wait. `reports=Summaries(sample=0.01)` sends sums of each minute, and whole
    outcomes of that share of the requests, in place of every outcome. `say` is told, in sentences,
    of new releases and of trouble.

    Raises ClientError at once for an address, token, key file, id or label that cannot be used. A
    folder that cannot be written is told in `health`.
    """

    def __init__(
        self,
        url: str = "",
        token: TokenSource | None = None,
        state_dir: str | Path | None = None,
        *,
        token_file: str | Path | None = None,
        static_url: str = "",
        interval_s: float = 15.0,
        long_poll_s: float = 25.0,
        jwks_url: str = "",
        trusted_keys: str | Path | None = None,
        expect: str = "",
        timeout_s: float = 10.0,
        ca_file: str | Path | None = None,
        instance_id: str = "",
        labels: Mapping[str, str] | None = None,
        spool_bytes: int = MOST_BYTES,
        reports: Summaries | None = None,
        say: Say = _silence,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        say = _harmless(say)
        http = Exchanger(timeout_s=timeout_s, ca_file=ca_file)
        console = None
        if url:
            given = token_of(token, token_file)
            console = Transport(url, given, http, jwks_url="" if static_url else jwks_url)
        source = StaticSource(static_url, http, jwks_url=jwks_url) if static_url else console
        if source is None:
            raise ClientError("Give the console's address, or that of static releases.")
        folder = Path(state_dir) if state_dir is not None else None
        state = StateFolder(folder)
        keyring = Keyring(
            state,
            source,
            file=None if trusted_keys is None else Path(trusted_keys),
            say=say,
            clock=clock,
        )
        self._http = http
        self._say = say
        # None until the first `start`: who never calls it sees to the polls himself.
        self._started: bool | None = None
        self._poller = Poller(source, state, keyring, say=say, expect=expect, clock=clock)
        super().__init__(self._poller.usable_release, clock, monotonic)
        spool = Spool(folder and folder / "outcomes", spool_bytes)
        summer = Summer(reports, self._price_steps, monotonic) if reports is not None else None
        self._reporter = Reporter(console, spool, say, summer)
        name = InstanceId(folder and folder / "instances", instance_id)
        self._status = StatusReporter(
            console, self._poller, name, labels=labels or {}, say=say, clock=clock
        )
        pace = LongPolling(0.0 if static_url else long_poll_s, interval_s)
        self._loop = PollLoop(
            self._poller, pace, http, say=say, adopted=self._status.wake, clock=clock
        )
        self._poller.load()
        processes.follow(self)

    def start(self: Started) -> Started:
        """Poll and report in threads, until `close`; may be started again after it."""
        self._started = True
        self._loop.start()
        self._status.start()
        self._reporter.start()
        return self

    def close(self) -> None:
        """Stop polling, say goodbye to the console and send what outcomes are waiting.

        Requests that are on their way are decided on, with the release that is held; `health` is
        not ready until the next `start`.
        """
        self._started = False
        self._loop.stop()
        self._status.stop(self._http.interrupt)
        self._reporter.close()

    def after_fork(self) -> None:
        """In a forked child: leave the parent's threads, connections and outcomes to the parent,
        and go on alone. Called by itself."""
        for part in (self._http, self._poller, self._loop, self._reporter, self._status):
            part.after_fork()
        if self._started:
            self.start()

    def poll_once(self) -> bool:
        """Ask the console now, in this thread; False when that failed."""
        return self._loop.poll().ok

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until requests can be decided, by a release from disk or network that may be used;
        whether they can."""
        return self._loop.wait_for(lambda: self.health.ready, timeout_s)

    def wait_polled(self, timeout_s: float) -> bool:
        """Wait until the console was asked once, whatever came of it."""
        return self._loop.wait_polled(timeout_s)

    @property
    def release(self) -> Release | None:
        """The last good release, even when it may not be used any more."""
        return self._poller.release

    @property
    def health(self) -> Health:
        """How this client is: whether it is ready, polling, reporting and keeping on disk."""
        loop = self._loop
        polling = Polling(self._started, loop.alive, loop.polling_since, loop.longest_s)
        return health_of(self._poller, self._reporter, self._status, polling, self._clock())

    def report(self, event: Mapping[str, object]) -> bool:
        """Keep an outcome event to be sent to the console; never waits for it, never raises.

        False, told, and counted as lost, for one that cannot be sent: without a console, after
        `close`, no JSON, or not to be summed.
        """
        return self._reporter.add(event)

    def take(self, event: Mapping[str, object]) -> None:
        """As `report`, for who can tell the sender: raises OutcomeRefused, and counts nothing."""
        self._reporter.take(event)

    def _price_steps(self) -> tuple[int, ...]:
        return () if self.release is None else self.release.price_steps

    def __enter__(self: Started) -> Started:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.close()
