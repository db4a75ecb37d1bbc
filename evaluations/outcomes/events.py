"""Reads outcome and feedback events as routers send them. Pure; docs/outcomes.md explains them.

A batch can hold a thousand events and a backfill fifty thousand, so this is a table of small
readers rather than the document parser: one pass over the members that are there.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.engine.canonical import LARGEST_EXACT_INTEGER, has_lone_surrogate
from policies.engine.errors import Problem, pointer_token
from policies.engine.fallback import FAILURE_KINDS
from policies.engine.reading import kind_of, nearest, quoted

NANO = 1_000_000_000
MICRO_PER_MILLI = 1000
CLOCK_SKEW = datetime.timedelta(hours=1)
OLDEST = datetime.timedelta(days=90)
MOST_ATTEMPTS = 50
MOST_ATTRIBUTES = 100
LONGEST_VALUE = 2000
# A day in one request, a million dollars, a thousand million tokens: beyond, a unit is wrong.
MOST_MS, MOST_USD, MOST_TOKENS = 86_400_000, 1_000_000, 1_000_000_000


@dataclass(slots=True)
class Event:
    """One outcome as told, in the units it is kept in; None is "not told"."""

    request_id: str = ""
    time: datetime.datetime = datetime.datetime.min
    release_digest: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    class_key: str = ""
    class_confidence: float | None = None
    labelled_class: str = ""
    rule: str = ""
    model: str = ""
    served_model: str | None = None
    propensity: float | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    latency_us: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nusd: int | None = None
    quality_nano: int | None = None
    conversation_id: str = ""
    tenant: str = ""


@dataclass(slots=True)
class Feedback:
    """What was learnt of a request after its outcome was reported."""

    request_id: str = ""
    quality_nano: int | None = None
    labelled_class: str = ""


class Wrong(ValueError):
    """A value is not what it should be; `within` points below the member that was read."""

    def __init__(self, message: str, within: str = "") -> None:
        super().__init__(message)
        self.within = within


def _text(value: object, longest: int = 200) -> str:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {kind_of(value)}")
    if len(value) > longest:
        raise Wrong(f"must be at most {longest} characters, not {len(value)}")
    if "\x00" in value or not value.isprintable():
        raise Wrong("must be one line of printable text")
    return value


def _name(value: object) -> str:
    text = _text(value)
    if not text:
        raise Wrong("must not be empty")
    return text


def _key(value: object) -> str:
    return "" if value is None else _text(value, 64)


def _optional_text(value: object) -> str:
    return "" if value is None else _text(value)


def _number(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number, not {kind_of(value)}")
    if not math.isfinite(value) or not 0 <= value <= most:
        raise Wrong(f"must be a number from 0 to {most:,}")
    return value


def _share(value: object) -> float | None:
    return None if value is None else _number(value, 1)


def _tokens(value: object) -> int | None:
    if value is None:
        return None
    number = _number(value, MOST_TOKENS)
    if number != int(number):
        raise Wrong("must be a whole number of tokens")
    return int(number)


def _nano_usd(value: object) -> int | None:
    return None if value is None else round(_number(value, MOST_USD) * NANO)


def _nano_quality(value: object) -> int | None:
    return None if value is None else round(_number(value, 1) * NANO)


def _microseconds(value: object) -> int | None:
    return None if value is None else round(_number(value, MOST_MS) * MICRO_PER_MILLI)


def _time(value: object) -> datetime.datetime:
    form = "must be a time with its zone, such as 2026-01-31T09:30:00Z"
    if not isinstance(value, str):
        raise Wrong(f"{form}, not {kind_of(value)}")
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        raise Wrong(form) from None
    if moment.tzinfo is None:
        raise Wrong(f"{form}; this one has no zone")
    try:
        return moment.astimezone(datetime.UTC)
    except OverflowError:
        raise Wrong("must lie within the years 1 to 9999") from None


def _digest(value: object) -> str:
    text = _optional_text(value)
    if text and not (text.startswith("sha256:") and len(text) == 71):
        raise Wrong('must be the digest of the release, "sha256:" and 64 hexadecimal digits')
    return text


def _attributes(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"must be an object, not {kind_of(value)}")
    if len(value) > MOST_ATTRIBUTES:
        raise Wrong(f"must hold at most {MOST_ATTRIBUTES} attributes, not {len(value)}")
    for name, content in value.items():
        if not _is_plain_text(name, 64) or not _is_plain(content):
            raise Wrong(
                f"must be null, true, false, a number or at most {LONGEST_VALUE} characters of "
                "text, under a name of at most 64",
                pointer_token(name),
            )
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return _is_plain_text(value, LONGEST_VALUE)
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= LARGEST_EXACT_INTEGER
    return value is None


def _is_plain_text(value: str, longest: int) -> bool:
    # PostgreSQL keeps neither NUL nor half of a surrogate pair.
    return len(value) <= longest and "\x00" not in value and not has_lone_surrogate(value)


def _attempts(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise Wrong(f"must be a list of attempts, not {kind_of(value)}")
    if len(value) > MOST_ATTEMPTS:
        raise Wrong(f"must hold at most {MOST_ATTEMPTS} attempts, not {len(value)}")
    return [_attempt(entry, f"/{index}") for index, entry in enumerate(value)]


def _attempt(entry: object, place: str) -> dict[str, Any]:
    """An attempt with all its members; failure_kind null means that it answered."""
    if not isinstance(entry, dict):
        raise Wrong(f"must be an object, not {kind_of(entry)}", place)
    attempt: dict[str, Any] = dict.fromkeys(_ATTEMPT_READERS)
    for name, content in entry.items():
        read = _ATTEMPT_READERS.get(name)
        if read is None:
            raise Wrong(_unknown(name, _ATTEMPT_READERS), place + pointer_token(name))
        try:
            attempt[name] = read(content)
        except Wrong as wrong:
            raise Wrong(str(wrong), place + pointer_token(name)) from None
    if attempt["model"] is None:
        raise Wrong("is required", f"{place}/model")
    return attempt


def _failure_kind(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in FAILURE_KINDS:
        hint = nearest(value, FAILURE_KINDS) if isinstance(value, str) else ""
        raise Wrong(f"must be null or one of {quoted(FAILURE_KINDS)}{hint}")
    return value


def _attempt_number(most: float) -> Callable[[object], float | None]:
    return lambda value: None if value is None else _number(value, most)


Reader = Callable[[object], Any]
_ATTEMPT_READERS: dict[str, Reader] = {
    "model": _name,
    "failure_kind": _failure_kind,
    "latency_ms": _attempt_number(MOST_MS),
    "cost_usd": _attempt_number(MOST_USD),
}
# Member of the event → (field of Event, reader).
_EVENT_READERS: dict[str, tuple[str, Reader]] = {
    "request_id": ("request_id", _name),
    "time": ("time", _time),
    "release_digest": ("release_digest", _digest),
    "attributes": ("attributes", _attributes),
    "class": ("class_key", _key),
    "class_confidence": ("class_confidence", _share),
    "labelled_class": ("labelled_class", _key),
    "rule": ("rule", _key),
    "model": ("model", _optional_text),
    "served_model": ("served_model", _optional_text),
    "propensity": ("propensity", _share),
    "attempts": ("attempts", _attempts),
    "latency_ms": ("latency_us", _microseconds),
    "input_tokens": ("input_tokens", _tokens),
    "output_tokens": ("output_tokens", _tokens),
    "cost_usd": ("cost_nusd", _nano_usd),
    "quality": ("quality_nano", _nano_quality),
    "conversation_id": ("conversation_id", _optional_text),
    "tenant": ("tenant", _optional_text),
}
_FEEDBACK_READERS: dict[str, tuple[str, Reader]] = {
    "request_id": ("request_id", _name),
    "quality": ("quality_nano", _nano_quality),
    "labelled_class": ("labelled_class", _key),
}


def _unknown(name: str, known: Mapping[str, object]) -> str:
    return f"unknown key{nearest(name, list(known))}; allowed keys are {quoted(known)}"


def _read(
    raw: object, readers: Mapping[str, tuple[str, Reader]], required: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    if not isinstance(raw, dict):
        return {}, [Problem("", f"must be an object, not {kind_of(raw)}")]
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, content in raw.items():
        reader = readers.get(name)
        if reader is None:
            problems.append(Problem(pointer_token(name), _unknown(name, readers)))
            continue
        try:
            values[reader[0]] = reader[1](content)
        except Wrong as wrong:
            problems.append(Problem(pointer_token(name) + wrong.within, str(wrong)))
    problems += [Problem(f"/{name}", "is required") for name in required if name not in raw]
    return values, problems


def read_event(raw: object, now: datetime.datetime) -> tuple[Event | None, list[Problem]]:
    """An outcome event, or all that is wrong with it, with pointers into the event."""
    values, problems = _read(raw, _EVENT_READERS, ("request_id", "time"))
    if "time" in values:
        problems += _time_problems(values["time"], now)
    if problems:
        return None, problems
    event = Event(**values)
    problems = _chain_problems(event)
    if problems:
        return None, problems
    _complete(event)
    return event, []


def read_feedback(raw: object) -> tuple[Feedback | None, list[Problem]]:
    """A feedback event, or all that is wrong with it."""
    values, problems = _read(raw, _FEEDBACK_READERS, ("request_id",))
    if problems:
        return None, problems
    feedback = Feedback(**values)
    if feedback.quality_nano is None and not feedback.labelled_class:
        return None, [Problem("", "must give a quality, a labelled_class, or both")]
    return feedback, []


def _time_problems(moment: datetime.datetime, now: datetime.datetime) -> list[Problem]:
    if moment > now + CLOCK_SKEW:
        ahead = "lies more than an hour ahead of the console's clock"
        return [Problem("/time", f"{ahead} ({now:%Y-%m-%dT%H:%M:%SZ}); check the router's clock")]
    if moment < now - OLDEST:
        return [Problem("/time", f"lies more than {OLDEST.days} days back; that is not taken in")]
    return []


def _chain_problems(event: Event) -> list[Problem]:
    """What the model names and the attempts say about one another."""
    if not event.model and (event.served_model or event.attempts):
        return [Problem("/model", "is required when a model was tried")]
    if not event.attempts:
        return []
    for index, attempt in enumerate(event.attempts[:-1]):
        if attempt["failure_kind"] is None:
            message = "must name the failure: only the last attempt can have answered"
            return [Problem(f"/attempts/{index}/failure_kind", message)]
    last = event.attempts[-1]
    answered = last["model"] if last["failure_kind"] is None else ""
    if event.served_model is not None and event.served_model != answered:
        if not answered:
            return [Problem("/served_model", "must be null: the last attempt failed")]
        return [Problem("/served_model", f'must be "{answered}", the model of the last attempt')]
    return []


def _complete(event: Event) -> None:
    """Fill in what follows from the rest: who answered, the latency and cost of all attempts."""
    attempts = event.attempts
    if event.served_model is None:
        event.served_model = event.model
        if attempts:
            last = attempts[-1]
            event.served_model = last["model"] if last["failure_kind"] is None else ""
    if event.latency_us is None and attempts:
        known = [attempt["latency_ms"] for attempt in attempts]
        if None not in known:
            event.latency_us = round(math.fsum(known) * MICRO_PER_MILLI)
    if event.cost_nusd is None and attempts:
        costs = [attempt["cost_usd"] for attempt in attempts]
        if None not in costs:
            event.cost_nusd = sum(round(cost * NANO) for cost in costs)
