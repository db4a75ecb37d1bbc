"""The router's side, as a library: poll in the background, decide in the foreground."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ..engine import (
    Attempt,
    Decision,
    NextAttempt,
    Request,
    Runtime,
    Stop,
    decide,
    parse_request,
)
from .backoff import pause_s
from .keyring import FixedKeyring, PinnedKeyring
from .limits import Chain, Limiter
from .poller import Health, Poller, Say
from .releases import Release
from .reporting import Reporter
from .state import StateFolder
from .transport import Transport

Started = TypeVar("Started", bound="PolicyClient")


def _silence(sentence: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Decided:
    """A decision and what it was made of, so that its fallbacks come from the same release."""

    release: Release
    request: Request
    decision: Decision
    stale: bool
    chain: Chain = field(repr=False, compare=False)

    @property
    def model(self) -> str | None:
        """Whom to call first: the decision's model or, while its breaker is open, where the
        fallback matrix leads; None where the policy refuses, or nobody is left.
        """
        first = self.chain.first
        return first.model if isinstance(first, NextAttempt) else None


class PolicyClient:
    """Holds a router's release and decides with it.

    `url` is the console's address (with or without `/api/v1/policy`). Keys come from
    `trusted_keys`, a JWK Set file, else from the console itself, pinned in `state_dir` on first
    use. `expect` is "workflow/environment"; without it the first release accepted settles it.
    `say` is told, in sentences, of new releases and of trouble. Raises ClientError at once for
    an address, key file or state folder that cannot be used.
    """

    def __init__(
        self,
        url: str,
        token: str,
        state_dir: str | Path,
        *,
        interval_s: float = 15.0,
        jwks_url: str = "",
        trusted_keys: str | Path | None = None,
        expect: str = "",
        timeout_s: float = 10.0,
        say: Say = _silence,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        transport = Transport(url, token, jwks_url=jwks_url, timeout_s=timeout_s)
        state = StateFolder(Path(state_dir))
        keyring = (
            FixedKeyring(Path(trusted_keys))
            if trusted_keys is not None
            else PinnedKeyring(state, transport)
        )
        self._transport = transport
        self._say = say
        self._clock = clock
        self._interval_s = interval_s
        self._limiter = Limiter(monotonic)
        self._poller = Poller(transport, state, keyring, say=say, expect=expect, clock=clock)
        self._reporter: Reporter | None = None
        self._reporter_lock = threading.Lock()
        self._closing = threading.Event()
        self._polled = threading.Condition()
        self._polls = 0
        self._thread: threading.Thread | None = None
        self._poller.load()

    def start(self: Started) -> Started:
        """Begin to poll in a thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="policy", daemon=True)
            self._thread.start()
        return self

    def poll_once(self) -> bool:
        """Ask the console now, in this thread; False when that failed."""
        succeeded = self._poller.poll()
        with self._polled:
            self._polls += 1
            self._polled.notify_all()
        return succeeded

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait for a release, from disk or network; whether there is one."""
        with self._polled:
            return self._polled.wait_for(lambda: self.release is not None, timeout_s)

    def wait_polled(self, timeout_s: float) -> bool:
        """Wait until the console was asked once, whatever came of it."""
        with self._polled:
            return self._polled.wait_for(lambda: self._polls > 0, timeout_s)

    @property
    def release(self) -> Release | None:
        """The last good release, even when it may not be used any more."""
        return self._poller.release

    @property
    def health(self) -> Health:
        """How polling goes."""
        return self._poller.health

    def decide(self, request: Request | Mapping[str, object]) -> Decided:
        """Decide one request with the release in force.

        A request without an id is given one, by which splits deal it out and its outcome can be
        reported. Raises NoUsableRelease without a release, and DocumentError for a mapping that is
        no request.
        """
        if not isinstance(request, Request):
            request = parse_request(request)
        if not request.request_id:
            request = replace(request, request_id=uuid.uuid4().hex)
        release = self._poller.usable_release()
        decision = decide(release.bundle, request)
        return self.decided(release, request, decision, stale=release.is_stale(self._clock()))

    def decided(
        self, release: Release, request: Request, decision: Decision, *, stale: bool
    ) -> Decided:
        """A decision that was made elsewhere, by a release that this client holds or held."""
        chain = self._limiter.begin(release.bundle, decision, request.request_id)
        return Decided(release, request, decision, stale, chain)

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        """What to do after these attempts, by the release that decided.

        To be asked after **every** attempt, also the one that succeeded (which is answered with
        `Stop("succeeded")`): breakers and retry budget are counted by what is told here.
        """
        return self._limiter.step(decided.chain, attempts)

    def runtime(self) -> Runtime:
        """Whose breaker is open in this process, and whether a retry may be made."""
        return self._limiter.runtime()

    def report(self, event: Mapping[str, object]) -> None:
        """Send an outcome event to the console, in time; never waits, never raises."""
        with self._reporter_lock:
            if self._reporter is None:
                self._reporter = Reporter(self._transport, self._say)
        self._reporter.add(event)

    def close(self) -> None:
        """Stop polling and send what outcomes are waiting."""
        self._closing.set()
        if self._reporter is not None:
            self._reporter.close()
        if self._thread is not None:
            self._thread.join(1.0)  # a poll in flight may take longer; the thread is a daemon

    def __enter__(self: Started) -> Started:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.poll_once()
            except Exception as error:  # a router must outlive a fault of ours
                self._say(f"Polling failed in a way it should not: {error!r}")
            health = self._poller.health
            pause = pause_s(self._interval_s, health.failures, health.retry_after_s, random.random)
            self._closing.wait(pause)
