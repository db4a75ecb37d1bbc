"""Deciding, and what follows a decision: attempts, and the event of its outcome."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..engine import (
    Attempt,
    Decision,
    NextAttempt,
    Request,
    Runtime,
    Stop,
    parse_request,
)
from .attempts import Attempts
from .decided import Decided
from .limits import Limiter
from .outcomes import Told, outcome_event
from .releases import Release

if TYPE_CHECKING:
    from typing_extensions import Unpack  # of the standard library from Python 3.11 on


class Decider:
    """Decides with the release that `release` gives, and counts attempts. Thread-safe.

    `release` raises NoUsableRelease; `clock` gives seconds of the epoch, `monotonic` seconds that
    only go forward.
    """

    def __init__(
        self,
        release: Callable[[], Release],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._usable_release = release
        self._clock = clock
        self._limiter = Limiter(monotonic)

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
        release = self._usable_release()
        decision = release.compiled.decide(request)
        return self.decided(release, request, decision, stale=release.is_stale(self._clock()))

    def decided(
        self, release: Release, request: Request, decision: Decision, *, stale: bool
    ) -> Decided:
        """A decision that was made elsewhere, by a release that this client holds or held."""
        chain = self._limiter.begin(release.bundle, decision, request.request_id)
        return Decided(release, request, decision, stale, chain, self._clock())

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        """What to do after these attempts, by the release that decided.

        To be asked after **every** attempt, also the one that succeeded (which is answered with
        `Stop("succeeded")`): breakers and retry budget are counted by what is told here.
        """
        return self._limiter.step(decided.chain, attempts)

    def attempts(self, decided: Decided) -> Attempts:
        """The attempts to make, each after its wait: `for` in threads, `async for` in asyncio."""
        return Attempts(lambda made: self.next_attempt(decided, made))

    def runtime(self) -> Runtime:
        """Whose breaker is open in this process, and whether a retry may be made."""
        return self._limiter.runtime()

    def outcome(
        self, decided: Decided, attempts: Sequence[Attempt], **told: Unpack[Told]
    ) -> dict[str, object]:
        """The outcome event of a decided request, to be reported; the keywords are those of
        `outcomes.Told`.

        What of `attempts` no `next_attempt` was asked about is counted here.
        """
        self._limiter.end(decided.chain, attempts)
        return outcome_event(decided, attempts, **told)
