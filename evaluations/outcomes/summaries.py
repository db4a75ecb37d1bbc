"""Reads sums of a minute, from routers that do not tell each request. Pure; docs/outcomes.md
explains them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from evaluations.outcomes.events import name_models, time_problems
from evaluations.outcomes.names import Names
from policies.engine.errors import Problem
from policies.engine.outcomes import values
from policies.engine.outcomes.bins import bin_of, bounds_of
from policies.engine.outcomes.events import ADEQUATE_NANO, Event, Readers, read_members
from policies.engine.outcomes.values import MOST_REQUESTS
from policies.engine.reading import kind_of

_MOST_LATENCY = values.MOST_MS * values.MICRO_PER_MILLI
_MOST_COST = values.MOST_USD * values.NANO


@dataclass(slots=True)
class Summary:
    """Sums over requests of one minute that have class, models and release in common.

    `shared` is what the event of each of them would be, as far as they are alike: its `time` is the
    minute, its attempts are models alone. Amounts are in the units of `Event`. `unpriced` is the
    smallest and the largest input, in tokens, of requests whose cost the console is to find; None
    where it is known or cannot be.
    """

    summary_id: str
    shared: Event
    requests: int
    quality_known: int = 0
    quality_nano: int = 0
    adequate: int = 0
    cost_known: int = 0
    cost_nusd: int = 0
    latency_us: int = 0
    latency_bins: list[int] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced: list[int] | None = None

    @property
    def latency_known(self) -> int:
        return sum(self.latency_bins[1::2])


def _minute(value: object) -> datetime.datetime:
    read = values.moment(value)
    if read.second or read.microsecond:
        raise values.Wrong("must be the start of a minute")
    return read


def _digest(value: object) -> str:
    return values.OTHER if value == values.OTHER else values.release_digest(value)


def _tried(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list):
        raise values.Wrong(f"must be a list of models, not {kind_of(value)}")
    if len(value) > values.MOST_ATTEMPTS:
        raise values.Wrong(f"must hold at most {values.MOST_ATTEMPTS} models, not {len(value)}")
    names = [values.within(f"/{index}", values.name, told) for index, told in enumerate(value)]
    return [{"model": name, "failure_kind": None} for name in names]


def _bins(value: object) -> list[int]:
    if not isinstance(value, list) or len(value) % 2:
        raise values.Wrong("must be a list [bin, count, bin, count, …]")
    if len(value) > 2 * _BINS:
        raise values.Wrong(f"must hold at most {_BINS:,} bins, not {len(value) // 2:,}")
    whole = [
        values.within(f"/{place}", _COUNT if place % 2 else _BIN, entry)
        for place, entry in enumerate(value)
    ]
    bins = whole[::2]
    if any(later <= earlier for earlier, later in pairwise(bins)):
        raise values.Wrong("must name each bin once, in ascending order")
    return whole


def _span(value: object) -> list[int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise values.Wrong("must be a list of the smallest and the largest input, in tokens")
    return [values.within(f"/{place}", _TOKENS, entry) for place, entry in enumerate(value)]


_COUNT = values.whole(MOST_REQUESTS)
_BINS = bin_of(_MOST_LATENCY) + 1
_BIN = values.whole(_BINS - 1)
_TOKENS = values.whole(values.MOST_TOKENS)
_READERS: Readers = {
    "summary_id": ("summary_id", values.name),
    "minute": ("time", _minute),
    "requests": ("requests", _COUNT),
    "release_digest": ("release_digest", _digest),
    "class": ("class_key", values.key),
    "labelled_class": ("labelled_class", values.key),
    "model": ("model", values.optional_text),
    "served_model": ("served_model", values.optional_text),
    "tried": ("attempts", _tried),
    "quality_known": ("quality_known", _COUNT),
    "quality_nano": ("quality_nano", values.whole(MOST_REQUESTS * values.NANO)),
    "adequate": ("adequate", _COUNT),
    "cost_known": ("cost_known", _COUNT),
    "cost_nano_usd": ("cost_nusd", values.whole(MOST_REQUESTS * _MOST_COST)),
    "latency_us": ("latency_us", values.whole(MOST_REQUESTS * _MOST_LATENCY)),
    "latency_bins": ("latency_bins", _bins),
    "input_tokens": ("input_tokens", values.whole(MOST_REQUESTS * values.MOST_TOKENS)),
    "output_tokens": ("output_tokens", values.whole(MOST_REQUESTS * values.MOST_TOKENS)),
    "unpriced_input_tokens": ("unpriced", _span),
}


_SHARED = {"time", "release_digest", "class_key", "labelled_class"}
_SHARED |= {"model", "served_model", "attempts"}


def read_summary(
    raw: object, now: datetime.datetime, names: Names
) -> tuple[Summary | None, list[Problem]]:
    """A summary, or all that is wrong with it, with pointers into it."""
    read, problems = read_members(raw, _READERS, ("summary_id", "minute", "requests"))
    if "time" in read:
        problems += time_problems("/minute", read["time"], now)
    if problems:
        return None, problems
    shared = Event(**{name: read.pop(name) for name in _SHARED & set(read)})
    shared.served_model = shared.served_model or ""
    summary = Summary(**read, shared=shared)
    problems = [*_problems(summary)] or name_models(shared, names)
    return (None, problems) if problems else (summary, [])


def _problems(summary: Summary) -> Iterator[Problem]:
    """What its members say of one another."""
    shared, requests = summary.shared, summary.requests
    if not requests:
        yield Problem("/requests", "must be at least 1")
    if not shared.model and (shared.served_model or shared.attempts):
        yield Problem("/model", "is required when a model was tried")
    # Member → what it says, and the least and the most that the other counts leave room for.
    room = {
        "quality_known": (summary.quality_known, 0, requests),
        "adequate": (summary.adequate, 0, summary.quality_known),
        "quality_nano": (summary.quality_nano, *_room_of_quality(summary)),
        "cost_known": (summary.cost_known, 0, requests),
        "cost_nano_usd": (summary.cost_nusd, 0, summary.cost_known * _MOST_COST),
        "latency_bins": (summary.latency_known, 0, requests),
        "latency_us": (summary.latency_us, *_room_of_latency(summary)),
        "input_tokens": (summary.input_tokens, *_room_of_input(summary)),
        "output_tokens": (summary.output_tokens, 0, requests * values.MOST_TOKENS),
    }
    for name, (told, least, most) in room.items():
        if told > most:
            message = f"must be at most {most:,} by the other counts, not {told:,}"
            yield Problem(f"/{name}", message)
        elif told < least:
            message = f"must be at least {least:,} by the other counts, not {told:,}"
            yield Problem(f"/{name}", message)
    if summary.unpriced and (summary.cost_known or summary.unpriced[0] > summary.unpriced[1]):
        yield Problem(
            "/unpriced_input_tokens",
            "must be the smallest, then the largest input of requests whose costs are not known",
        )


def _room_of_quality(summary: Summary) -> tuple[int, int]:
    """Adequate ones are worth so much each, and the others less than that."""
    adequate = min(summary.adequate, summary.quality_known)
    most = adequate * values.NANO + (summary.quality_known - adequate) * (ADEQUATE_NANO - 1)
    return adequate * ADEQUATE_NANO, most


def _room_of_latency(summary: Summary) -> tuple[int, int]:
    """Each of a bin is at least its lower end and at most its upper one."""
    least = most = 0
    for index, count in zip(summary.latency_bins[::2], summary.latency_bins[1::2], strict=True):
        low, high = bounds_of(index)
        least += count * low
        most += count * high
    return least, most


def _room_of_input(summary: Summary) -> tuple[int, int]:
    """By the smallest and the largest, where those are told."""
    low, high = summary.unpriced or (0, 0)
    if not summary.unpriced or low > high:
        low, high = 0, values.MOST_TOKENS
    return summary.requests * low, summary.requests * high
