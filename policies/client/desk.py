"""Answers what other languages ask: decisions, next attempts, outcomes. Thread-safe.

A request's decision is remembered for a while by its id, so that its next attempts and its
outcome belong to the release that decided it, though another is in force by then.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..engine import Attempt, Decision, DocumentError, NextAttempt, Problem, Request, Stop
from ..engine.reading import Place
from .client import Decided, PolicyClient
from .errors import OutcomeRefused
from .messages import Answer, Echo, read_attempts, read_echo
from .recent import Recent, size_of
from .releases import Release

# Clients choose what a decision is remembered with. So it is bounded in bytes as well, and at
# worst takes 2 · 64 MiB, for decisions made here and for those that came back. Apart from that are
# the objects around it, some 1.5 kB each or 2 · 30 MB, and what of a decision is the release's own.
REMEMBERED_DECISIONS = 20_000
REMEMBERED_BYTES = 64 * 1024 * 1024
REMEMBERED_RELEASES = 4
# Of one request. A thousand outcomes at once may each be completed with them.
MOST_BYTES_OF_ATTRIBUTES = 16 * 1024


class NotRemembered(Exception):
    """What was asked about is not known here; the text says what to do."""


class Desk:
    """One client's answers. Its errors are DocumentError, NoUsableRelease and NotRemembered."""

    def __init__(
        self,
        client: PolicyClient,
        *,
        remembered_decisions: int = REMEMBERED_DECISIONS,
        remembered_bytes: int = REMEMBERED_BYTES,
    ) -> None:
        self._client = client
        self._decided: Recent[Decided] = Recent(remembered_decisions, remembered_bytes)
        # Decisions that came back and were not remembered: their attempts are counted once, too.
        self._echoed: Recent[Decided] = Recent(remembered_decisions, remembered_bytes)
        self._releases: Recent[Release] = Recent(REMEMBERED_RELEASES)

    def decide(self, request: Request, attempts: Sequence[Attempt] | None = None) -> Decided:
        """Decide with the release in force, and remember it. Where attempts were made already,
        it is the same request again: it keeps its decision, and counts once.
        """
        known = self._decided.find(request.request_id) if attempts else None
        if known is not None and known.request == _kept(request, known.release):
            return replace(known, request=request)
        decided = self._client.decide(request)
        kept = replace(decided, request=_kept(decided.request, decided.release))
        size = size_of((kept.request.request_id, kept.request.attributes))
        self._decided.keep(decided.request.request_id, kept, size)
        self._releases.keep(decided.release.digest, decided.release)
        return decided

    def next_attempt(self, raw: Mapping[str, object]) -> tuple[Decided, NextAttempt | Stop]:
        """The step after `{"attempts": […], "request_id": …}` or `{…, "decision": {…}}`."""
        attempts, decided = self._asked(raw)
        return decided, self._client.next_attempt(decided, attempts)

    def step(self, decided: Decided, attempts: tuple[Attempt, ...]) -> NextAttempt | Stop:
        """The step after these attempts of a decision."""
        return self._client.next_attempt(decided, attempts)

    def report(self, event: object, pointer: str = "") -> str:
        """Queue an outcome, completed with what is known of its request; gives the request's id.

        `pointer` is where the event stands in what was sent. Raises DocumentError for one that
        cannot be sent, whatever the reason: nothing is queued then.
        """
        if not isinstance(event, dict) or not isinstance(event.get("request_id"), str):
            wrong = "must be the request's own id, which tells repeats"
            raise DocumentError([Problem(f"{pointer}/request_id", wrong)])
        try:
            self._client.take(self._completed(event))
        except OutcomeRefused as error:
            raise DocumentError([Problem(pointer, f"cannot be reported: {error}")]) from None
        return str(event["request_id"])

    def _asked(self, raw: Mapping[str, object]) -> tuple[tuple[Attempt, ...], Decided]:
        problems = _stray(raw, "attempts", "request_id", "decision")
        attempts: tuple[Attempt, ...] = ()
        echo: Echo | None = None
        request_id = raw.get("request_id")
        try:
            attempts = read_attempts(raw.get("attempts", []))
        except DocumentError as error:
            problems += error.problems
        try:
            echo = read_echo(raw["decision"]) if "decision" in raw else None
        except DocumentError as error:
            problems += error.problems
        if "decision" not in raw and not isinstance(request_id, str):
            wrong = "is required where there is no decision: the id that the decision was given"
            problems.append(Problem("/request_id", wrong))
        if problems:
            raise DocumentError(problems)
        decided = (
            self._decided_of(echo) if echo is not None else self._decided.find(str(request_id))
        )
        if decided is None:
            raise NotRemembered(
                f"No decision for request {str(request_id)[:100]!r} is remembered here. Send the "
                "decision along, as it was answered, or decide again."
            )
        return attempts, decided

    def _decided_of(self, echo: Echo) -> Decided:
        release = self._releases.find(echo.release_digest) or self._client.release
        if release is None or release.digest != echo.release_digest:
            raise NotRemembered(
                f"The release {echo.release_digest[:100]!r}, which made this decision, is not held "
                "here any more. Decide again."
            )
        if not _could_be_of(release, echo.decision):
            wrong = "must be as it was answered: its release makes no such decision"
            raise DocumentError([Problem("/decision", wrong)])
        for remembered in (self._decided, self._echoed):
            known = remembered.find(echo.request_id)
            if known is not None and _is_of(known, echo):
                return known
        request = Request(request_id=echo.request_id)
        decided = self._client.decided(release, request, echo.decision, stale=False)
        self._echoed.keep(echo.request_id, decided, size_of((echo.request_id, echo.decision)))
        return decided

    def _completed(self, event: Mapping[str, object]) -> Answer:
        """The event with what this router knows of the request, where the event does not say."""
        request_id = str(event["request_id"])
        decided = self._decided.find(request_id)
        if decided is not None:
            return {**self._client.outcome(decided, _attempts_in(event)), **event}
        known: Answer = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat()}
        # Else it is not known which release decided: the one in force now may be another.
        if (echoed := self._echoed.find(request_id)) is not None:
            known["release_digest"] = echoed.release.digest
        return {**known, **event}


def _attempts_in(event: Mapping[str, object]) -> tuple[Attempt, ...]:
    """Its attempts, to be counted; whether they are fit to be kept is the console's to say."""
    try:
        return read_attempts(event.get("attempts", []))
    except DocumentError:
        return ()


def _kept(request: Request, release: Release) -> Request:
    """The request with the attributes that its outcome tells: nothing asks for the rest again."""
    declared = release.bundle.request_classification.declared
    told = {name: request.attributes[name] for name in declared if name in request.attributes}
    attributes = told if size_of(told) <= MOST_BYTES_OF_ATTRIBUTES else {}
    return replace(request, prompt=None, attributes=attributes)


def _could_be_of(release: Release, decision: Decision) -> bool:
    """Whether class and requirements are ones that the release has. Others are not only wrong: a
    client could write as many names as it likes into what is remembered of the next attempts.
    """
    wanted = decision.requirements.regions, decision.requirements.capabilities
    routes = release.bundle.router_policy.routes()
    limits = [route.constraints for _, route in routes]
    is_wanted = any(wanted == (limit.regions, limit.capabilities) for limit in limits)
    return is_wanted and decision.class_key in release.bundle.request_classification.class_keys


def _is_of(known: Decided, echo: Echo) -> bool:
    """Whether a decision that comes back is the one that is known here."""
    here, back = known.decision, echo.decision
    same = (here.class_key, here.model) == (back.class_key, back.model)
    return (
        same
        and here.requirements == back.requirements
        and (known.release.digest == echo.release_digest)
    )


def _stray(raw: Mapping[str, object], *known: str) -> list[Problem]:
    log: list[Problem] = []
    Place(raw, "", log).fields(*known)
    return log
