"""Requests as JSON lines, decisions as JSON lines. A bad line gets an error line, never a crash."""

from __future__ import annotations

import datetime
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict

from ..engine import (
    FAILURE_KINDS,
    Attempt,
    DocumentError,
    NextAttempt,
    Problem,
    Request,
    check_request,
    load_json,
    parse_request,
)
from ..engine.reading import Place, parsed
from .client import Decided, PolicyClient
from .errors import NoUsableRelease

Answer = dict[str, object]

REMEMBERED_DECISIONS = 20_000
MOST_ATTEMPTS = 100


class LineServer:
    """Answers one line at a time. `reports` tells whether outcomes may be sent."""

    def __init__(self, client: PolicyClient, *, reports: bool) -> None:
        self._client = client
        self._reports = reports
        self._decided: OrderedDict[str, Decided] = OrderedDict()

    def answer(self, line: bytes) -> Answer:
        """The answer to `{"attributes": …, "prompt"?, "request_id"?, "attempts"?}` or to
        `{"outcome": {…}}`.
        """
        try:
            raw = load_json(line)
            if not isinstance(raw, dict):
                raise DocumentError(
                    [Problem("", "must be an object with the request's attributes")]
                )
            return self._report(raw) if "outcome" in raw else self._decide(raw)
        except DocumentError as error:
            problems = [asdict(problem) for problem in error.problems]
            return {"error": "The line cannot be read.", "problems": problems}
        except NoUsableRelease as error:
            return {"error": str(error), "problems": []}

    def _decide(self, raw: Mapping[str, object]) -> Answer:
        decided, attempts = self._client.decide(_request_of(raw)), _attempts_of(raw)
        self._remember(decided)
        answer = _decision(decided)
        if attempts is not None:
            step = self._client.next_attempt(decided, attempts)
            kind = "call" if isinstance(step, NextAttempt) else "stop"
            answer["next"] = {"do": kind, **asdict(step)}
        return answer

    def _report(self, raw: Mapping[str, object]) -> Answer:
        event = raw["outcome"]
        problems = []
        if not self._reports:
            problems.append(Problem("/outcome", "is reported only when started with --report"))
        if set(raw) != {"outcome"}:
            problems.append(Problem("", "must hold nothing beside its outcome"))
        if not isinstance(event, dict) or not isinstance(event.get("request_id"), str):
            problems.append(
                Problem("/outcome/request_id", "must be the request's own id, which tells repeats")
            )
        if problems or not isinstance(event, dict):
            raise DocumentError(problems)
        self._client.report(self._completed(event))
        return {"outcome": "queued", "request_id": event["request_id"]}

    def _completed(self, event: Mapping[str, object]) -> Answer:
        """The event with what this router knows of the request, where the event does not say."""
        known: Answer = {"time": datetime.datetime.now(datetime.UTC).isoformat()}
        decided = self._decided.get(str(event["request_id"]))
        release = decided.release if decided is not None else self._client.release
        if release is not None:
            known["release_digest"] = release.digest
        if decided is not None:
            known |= {
                "attributes": dict(decided.request.attributes),
                "class": decided.decision.class_key,
                "rule": decided.decision.policy_rule,
                "model": decided.decision.model,
            }
        return {**known, **event}

    def _remember(self, decided: Decided) -> None:
        """Keep which release decided a request: by its outcome another may be in force."""
        if not self._reports or not decided.request.request_id:
            return
        self._decided[decided.request.request_id] = decided
        if len(self._decided) > REMEMBERED_DECISIONS:
            self._decided.popitem(last=False)


def _decision(decided: Decided) -> Answer:
    decision, release = decided.decision, decided.release
    answer: Answer = {
        "request_id": decided.request.request_id,
        "release": {"number": release.number, "digest": release.digest, "stale": decided.stale},
        "class": decision.class_key,
        "class_rule": decision.class_rule,
        "class_source": decision.class_source,
        "policy_rule": decision.policy_rule,
        "fell_to_default": decision.fell_to_default,
        "model": decision.model,
        "candidates": list(decision.candidates),
        "excluded": [asdict(exclusion) for exclusion in decision.excluded],
        "bucket": decision.bucket,
        "refused": decision.refused,
        "unchecked": list(decision.unchecked),
    }
    ignored = check_request(release.bundle, decided.request)
    if ignored:
        answer["ignored"] = [asdict(problem) for problem in ignored]
    return answer


def _request_of(raw: Mapping[str, object]) -> Request:
    """The request of a line; problems of its attempts are told in the same breath."""
    problems: list[Problem] = []
    try:
        _attempts_of(raw)
    except DocumentError as error:
        problems += error.problems
    try:
        request = parse_request({name: raw[name] for name in raw if name != "attempts"})
    except DocumentError as error:
        raise DocumentError([*error.problems, *problems]) from None
    if problems:
        raise DocumentError(problems)
    return request


def _attempts_of(raw: Mapping[str, object]) -> tuple[Attempt, ...] | None:
    return parsed(raw["attempts"], _read_attempts) if "attempts" in raw else None


def _read_attempts(place: Place) -> tuple[Attempt, ...]:
    rooted = Place(place.value, "/attempts", place.log)
    items = rooted.items(of="attempts")
    if len(items) > MOST_ATTEMPTS:
        rooted.report(f"must be at most {MOST_ATTEMPTS} attempts")
    return tuple(_read_attempt(item) for item in items[:MOST_ATTEMPTS])


def _read_attempt(place: Place) -> Attempt:
    names = ("model", "failure_kind", "latency_ms", "cost_usd", "bytes_sent", "retry_after_ms")
    fields = place.fields(*names)
    return Attempt(
        model=fields.required("model").label(),
        failure_kind=fields.optional("failure_kind", None).nullable(_read_failure_kind),
        latency_ms=fields.optional("latency_ms", 0).number(at_least=0),
        cost_usd=fields.optional("cost_usd", 0).number(at_least=0),
        bytes_sent=fields.optional("bytes_sent", False).flag(),
        retry_after_ms=fields.optional("retry_after_ms", None).nullable(_read_amount),
    )


def _read_failure_kind(place: Place) -> str:
    return place.choice(FAILURE_KINDS, what="a failure kind")


def _read_amount(place: Place) -> float:
    return place.number(at_least=0)
