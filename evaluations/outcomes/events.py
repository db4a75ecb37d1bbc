"""Reads outcome and feedback events as routers send them. Pure; docs/outcomes.md explains them.

A batch can hold a thousand events and a backfill fifty thousand, so this is a table of small
readers rather than the document parser: one pass over the members that are there.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluations.outcomes import values
from evaluations.outcomes.names import Names
from policies.engine.errors import Problem, pointer_token
from policies.engine.reading import kind_of

CLOCK_SKEW = datetime.timedelta(hours=1)
OLDEST = datetime.timedelta(days=90)


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


# Member of the event → (field of Event, reader).
_EVENT_READERS: dict[str, tuple[str, values.Reader]] = {
    "request_id": ("request_id", values.name),
    "time": ("time", values.moment),
    "release_digest": ("release_digest", values.release_digest),
    "attributes": ("attributes", values.attributes),
    "class": ("class_key", values.key),
    "class_confidence": ("class_confidence", values.share),
    "labelled_class": ("labelled_class", values.key),
    "rule": ("rule", values.key),
    "model": ("model", values.optional_text),
    "served_model": ("served_model", values.optional_text),
    "propensity": ("propensity", values.share),
    "attempts": ("attempts", values.attempts),
    "latency_ms": ("latency_us", values.microseconds),
    "input_tokens": ("input_tokens", values.tokens),
    "output_tokens": ("output_tokens", values.tokens),
    "cost_usd": ("cost_nusd", values.nano_usd),
    "quality": ("quality_nano", values.nano_quality),
    "conversation_id": ("conversation_id", values.optional_text),
    "tenant": ("tenant", values.optional_text),
}
_FEEDBACK_READERS: dict[str, tuple[str, values.Reader]] = {
    "request_id": ("request_id", values.name),
    "quality": ("quality_nano", values.nano_quality),
    "labelled_class": ("labelled_class", values.key),
}


def _read(
    raw: object, readers: Mapping[str, tuple[str, values.Reader]], required: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    if not isinstance(raw, dict):
        return {}, [Problem("", f"must be an object, not {kind_of(raw)}")]
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, content in raw.items():
        reader = readers.get(name)
        if reader is None:
            problems.append(Problem(pointer_token(name), values.unknown_key(name, readers)))
            continue
        try:
            read[reader[0]] = reader[1](content)
        except values.Wrong as wrong:
            problems.append(Problem(pointer_token(name) + wrong.within, str(wrong)))
    problems += [Problem(f"/{name}", "is required") for name in required if name not in raw]
    return read, problems


def read_event(
    raw: object, now: datetime.datetime, names: Names | None = None
) -> tuple[Event | None, list[Problem]]:
    """An outcome event, or all that is wrong with it, with pointers into the event.

    ``names`` says which models of the catalogue the told names mean; without it only a snapshot of
    a model that the event itself names is known.
    """
    read, problems = _read(raw, _EVENT_READERS, ("request_id", "time"))
    if "time" in read:
        problems += _time_problems(read["time"], now)
    if problems:
        return None, problems
    event = Event(**read)
    _name_models(event, names or Names())
    problems = _chain_problems(event)
    if problems:
        return None, problems
    _complete(event)
    return event, []


def read_feedback(raw: object) -> tuple[Feedback | None, list[Problem]]:
    """A feedback event, or all that is wrong with it."""
    read, problems = _read(raw, _FEEDBACK_READERS, ("request_id",))
    if problems:
        return None, problems
    feedback = Feedback(**read)
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


def _name_models(event: Event, names: Names) -> None:
    """Put the models that are meant in place of snapshots and aliases."""
    if not event.model:
        return
    for attempt in event.attempts:
        attempt["model"] = names.tried(attempt["model"], event.model)
    if event.served_model:
        tried = [event.attempts[-1]["model"]] if event.attempts else [event.model]
        event.served_model = names.answered(event.served_model, tried)


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
            event.latency_us = round(math.fsum(known) * values.MICRO_PER_MILLI)
    if event.cost_nusd is None and attempts:
        costs = [attempt["cost_usd"] for attempt in attempts]
        if None not in costs:
            event.cost_nusd = sum(round(cost * values.NANO) for cost in costs)
