"""Reads outcome and feedback events by what the console knows: its clock and catalogue. Pure;
docs/outcomes.md explains them.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from evaluations.outcomes.names import Names
from policies.engine.errors import Problem
from policies.engine.outcomes import values
from policies.engine.outcomes.events import (
    Event,
    Readers,
    answered_last,
    read_members,
    read_told,
    who_answered,
)

CLOCK_SKEW = datetime.timedelta(hours=1)
OLDEST = datetime.timedelta(days=90)


@dataclass(slots=True)
class Feedback:
    """What was learnt of a request after its outcome was reported."""

    request_id: str = ""
    quality_nano: int | None = None
    labelled_class: str = ""


_FEEDBACK_READERS: Readers = {
    "request_id": ("request_id", values.name),
    "quality": ("quality_nano", values.nano_quality),
    "labelled_class": ("labelled_class", values.key),
}


def read_event(
    raw: object, now: datetime.datetime, names: Names | None = None
) -> tuple[Event | None, list[Problem]]:
    """An outcome event, or all that is wrong with it, with pointers into the event.

    ``names`` says which models of the catalogue the told names mean; without it only a snapshot of
    a model that the event itself names is known.
    """
    event, problems = read_told(raw)
    if event.time.tzinfo is not None:
        problems += time_problems("/time", event.time, now)
    if not problems:
        problems = name_models(event, names or Names())
    if problems:
        return None, problems
    event.served_model = who_answered(event)
    return event, []


def read_feedback(raw: object) -> tuple[Feedback | None, list[Problem]]:
    """A feedback event, or all that is wrong with it."""
    read, problems = read_members(raw, _FEEDBACK_READERS, ("request_id",))
    if problems:
        return None, problems
    feedback = Feedback(**read)
    if feedback.quality_nano is None and not feedback.labelled_class:
        return None, [Problem("", "must give a quality, a labelled_class, or both")]
    return feedback, []


def time_problems(pointer: str, moment: datetime.datetime, now: datetime.datetime) -> list[Problem]:
    """Why something of this time is not taken in."""
    if moment > now + CLOCK_SKEW:
        ahead = "lies more than an hour ahead of the console's clock"
        message = f"{ahead} ({now:%Y-%m-%dT%H:%M:%SZ}); check the router's clock"
        return [Problem(pointer, message)]
    if moment < now - OLDEST:
        message = f"lies more than {OLDEST.days} days back; that is not taken in"
        return [Problem(pointer, message)]
    return []


def name_models(event: Event, names: Names) -> list[Problem]:
    """Put the models that are meant in place of snapshots and aliases; what is wrong with them."""
    if not event.model:
        return []
    for attempt in event.attempts:
        attempt["model"] = names.tried(attempt["model"], event.model)
    if not event.served_model:
        return []
    tried = [event.attempts[-1]["model"]] if event.attempts else [event.model]
    event.served_model = names.answered(event.served_model, tried)
    if event.attempts and event.served_model != (answered := answered_last(event)):
        return [Problem("/served_model", f'must be "{answered}", the model of the last attempt')]
    return []
