"""Reads an outcome event as a router tells it: its members, and what they say of one another. Pure.

A batch can hold a thousand events and a backfill fifty thousand, so this is a table of small
readers rather than the document parser: one pass over the members that are there.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem, pointer_token
from ..reading import Place, kind_of
from . import values

# From this quality on an answer counts as adequate: the request did not need a better model.
ADEQUATE_NANO = values.NANO // 2


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
    in_sums: bool = False


# Member of the event → (field of Event, reader).
Readers = Mapping[str, tuple[str, values.Reader]]
_READERS: Readers = {
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
    "in_sums": ("in_sums", values.flag),
}


def read_members(
    raw: object, readers: Readers, required: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    """What the members say, by field, and all that is wrong with them."""
    if not isinstance(raw, dict):
        return {}, [Problem("", f"must be an object, not {kind_of(raw)}")]
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    unknown: list[str] = []
    for name, content in raw.items():
        reader = readers.get(name)
        if reader is None:
            unknown.append(name)
            continue
        try:
            read[reader[0]] = reader[1](content)
        except values.Wrong as wrong:
            problems.append(Problem(pointer_token(name) + wrong.within, str(wrong)))
    Place(raw, "", problems).report_unknown(unknown, readers)
    problems += [Problem(f"/{name}", "is required") for name in required if name not in raw]
    return read, problems


def read_told(raw: object) -> tuple[Event, list[Problem]]:
    """An event, and all that is wrong with it whatever the time and the catalogue, with pointers
    into the event. Latency and cost follow from the attempts where they are not told.
    """
    read, problems = read_members(raw, _READERS, ("request_id", "time"))
    event = Event(**read)
    if not problems:
        problems = _chain_problems(event)
    if not problems:
        _complete(event)
    return event, problems


def _chain_problems(event: Event) -> list[Problem]:
    """What the model names and the attempts say about one another, whatever the names mean."""
    if not event.model and (event.served_model or event.attempts):
        return [Problem("/model", "is required when a model was tried")]
    for index, attempt in enumerate(event.attempts[:-1]):
        if attempt["failure_kind"] is None:
            message = "must name the failure: only the last attempt can have answered"
            return [Problem(f"/attempts/{index}/failure_kind", message)]
    answered = answered_last(event)
    if event.attempts and event.served_model and not answered:
        return [Problem("/served_model", "must be null: the last attempt failed")]
    if event.attempts and event.served_model == "" and answered:
        return [Problem("/served_model", f'must be "{answered}", the model of the last attempt')]
    return []


def _complete(event: Event) -> None:
    """The latency and cost of all attempts, where each is known."""
    attempts = event.attempts
    if event.latency_us is None and attempts:
        known = [attempt["latency_ms"] for attempt in attempts]
        if None not in known:
            event.latency_us = round(math.fsum(known) * values.MICRO_PER_MILLI)
    if event.cost_nusd is None and attempts:
        costs = [attempt["cost_usd"] for attempt in attempts]
        if None not in costs:
            event.cost_nusd = sum(round(cost * values.NANO) for cost in costs)


def is_priced_by_tokens(event: Event) -> bool:
    """Whether its cost was not told, and follows from its tokens and the price of who answered.

    Only where one attempt served: what failed attempts before it cost is not known then, and a
    price without them would read as a saving.
    """
    return (
        event.cost_nusd is None
        and None not in (event.input_tokens, event.output_tokens)
        and len(event.attempts) <= 1
        and who_answered(event) != ""
    )


def answered_last(event: Event) -> str:
    """The model of the last attempt if that answered, else ""."""
    last = event.attempts[-1] if event.attempts else {"model": "", "failure_kind": None}
    return str(last["model"]) if last["failure_kind"] is None else ""


def who_answered(event: Event) -> str:
    """The model that answered, as told or as follows from the rest; "" when none did."""
    if event.served_model is not None:
        return event.served_model
    return answered_last(event) if event.attempts else event.model
