"""What routers in other languages say and are told, as JSON: read strictly, written plainly. Pure.

Lines on standard input and the sidecar's HTTP share these readers, so that a request means the
same on every way in, and a mistake is told with the same pointer and sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..engine import (
    FAILURE_KINDS,
    Attempt,
    Decision,
    DocumentError,
    NextAttempt,
    Problem,
    Request,
    Requirements,
    Stop,
    load_json,
    parse_request,
)
from ..engine.reading import Place, parsed
from .decided import Decided

Answer = dict[str, object]

MOST_ATTEMPTS = 100
LONGEST_REQUEST_ID = 1000
# Attributes and attempts together; whoever reads more of them keeps all others waiting.
MOST_VALUES = 10_000


@dataclass(frozen=True)
class Echo:
    """A decision as it comes back: what its next attempts depend on, and whose release made it."""

    request_id: str
    release_digest: str
    decision: Decision


def read_object(text: bytes, *, what: str) -> dict[str, object]:
    """The object of a JSON text; raises DocumentError, which says that it must be `what`."""
    raw = load_json(text, most_values=MOST_VALUES)
    if not isinstance(raw, dict):
        raise DocumentError([Problem("", f"must be {what}")])
    return raw


def read_request(raw: Mapping[str, object]) -> tuple[Request, tuple[Attempt, ...] | None]:
    """A request and the attempts made for it, None where it does not speak of attempts.

    Raises DocumentError with what is wrong with both.
    """
    problems: list[Problem] = []
    attempts: tuple[Attempt, ...] | None = None
    try:
        attempts = read_attempts(raw["attempts"]) if "attempts" in raw else None
    except DocumentError as error:
        problems += error.problems
    try:
        request = parse_request({name: raw[name] for name in raw if name != "attempts"})
    except DocumentError as error:
        raise DocumentError([*error.problems, *problems]) from None
    if problems:
        raise DocumentError(problems)
    return request, attempts


def read_attempts(raw: object) -> tuple[Attempt, ...]:
    """The attempts that stand at `/attempts`; raises DocumentError."""
    return parsed(raw, _read_attempts)


def read_echo(raw: object) -> Echo:
    """The decision that stands at `/decision`, as `decision_answer` wrote it; what a next attempt
    does not depend on is passed over. Raises DocumentError.
    """
    return parsed(raw, _read_echo)


def decision_answer(decided: Decided) -> Answer:
    """A decision in full, enough to ask for its next attempts by."""
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
        "requirements": _requirements_answer(decision.requirements),
    }
    if decided.ignored:
        answer["ignored"] = problems_answer(decided.ignored)
    return answer


def step_answer(step: NextAttempt | Stop) -> Answer:
    """Whom to call next and when, or why to stop."""
    return {"do": "call" if isinstance(step, NextAttempt) else "stop", **asdict(step)}


def problems_answer(problems: Sequence[Problem]) -> list[Answer]:
    return [asdict(problem) for problem in problems]


def _requirements_answer(requirements: Requirements) -> Answer:
    return {
        "regions": list(requirements.regions),
        "capabilities": list(requirements.capabilities),
        "input_tokens": requirements.input_tokens,
        "max_output_tokens": requirements.max_output_tokens,
    }


def _read_attempts(place: Place) -> tuple[Attempt, ...]:
    rooted = Place(place.value, "/attempts", place.log)
    items = rooted.items(of="attempts")
    if len(items) > MOST_ATTEMPTS:
        rooted.report(f"must be at most {MOST_ATTEMPTS} attempts")
    found: list[Attempt] = []
    for item in items[:MOST_ATTEMPTS]:
        if found and found[-1].failure_kind is None:
            item.report("stands after an attempt without a failure_kind, whose answer ends them")
        found.append(_read_attempt(item))
    return tuple(found)


def _read_attempt(place: Place) -> Attempt:
    names = ("model", "failure_kind", "latency_ms", "cost_usd", "bytes_sent", "retry_after_ms")
    fields = place.fields(*names)
    return Attempt(
        model=fields.required("model").label(),
        failure_kind=fields.optional("failure_kind", None).nullable(_read_failure_kind),
        latency_ms=fields.optional("latency_ms", None).nullable(_read_amount) or 0,
        cost_usd=fields.optional("cost_usd", None).nullable(_read_amount) or 0,
        bytes_sent=fields.optional("bytes_sent", False).flag(),
        retry_after_ms=fields.optional("retry_after_ms", None).nullable(_read_amount),
    )


def _read_failure_kind(place: Place) -> str:
    return place.choice(FAILURE_KINDS, what="a failure kind")


def _read_amount(place: Place) -> float:
    return place.number(at_least=0)


def _read_echo(place: Place) -> Echo:
    rooted = Place(place.value, "/decision", place.log)
    known = rooted.value.keys() if isinstance(rooted.value, dict) else ()
    fields = rooted.fields(*known)
    release = fields.required("release")
    decision = Decision(
        class_key=fields.required("class").text(),
        class_rule=None,
        class_source="",
        policy_rule="",
        model=fields.required("model").nullable(Place.label),
        refused=fields.optional("refused", None).nullable(Place.text),
        requirements=_read_requirements(fields.required("requirements")),
    )
    return Echo(
        request_id=fields.required("request_id").text(max_length=LONGEST_REQUEST_ID),
        release_digest=release.fields("number", "digest", "stale").required("digest").text(),
        decision=decision,
    )


def _read_requirements(place: Place) -> Requirements:
    fields = place.fields("regions", "capabilities", "input_tokens", "max_output_tokens")
    return Requirements(
        regions=_read_names(fields.required("regions")),
        capabilities=_read_names(fields.required("capabilities")),
        input_tokens=fields.required("input_tokens").nullable(Place.integer),
        max_output_tokens=fields.required("max_output_tokens").nullable(Place.integer),
    )


def _read_names(place: Place) -> tuple[str, ...]:
    return tuple(item.key() for item in place.items(of="names"))
