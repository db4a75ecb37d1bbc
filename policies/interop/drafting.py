"""What was read of a gateway's configuration as our four documents and the catalogue they need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from policies.engine import parse_component, serialise
from policies.engine.attributes import RESERVED_NAMES
from policies.engine.fallback import Limits
from policies.engine.reading import KEY_PATTERN, Place
from policies.files.starting_documents import starting_documents
from policies.interop.lanes import CONTENT, CONTEXT, GENERAL, Share
from policies.interop.losses import Losses

# The attribute that carries what a caller of the gateway asks for.
REQUESTED = "requested_model"
RETRIED = ("rate_limit", "timeout", "server_error", "overloaded", "network")
LONGEST_KEY = 64
LONGEST_NUMBERED = 190  # of a name that, with a number after it, is still one of the documents
MOST_ATTEMPTS = 100
MOST_RETRIES = 20
# Of all names and rules together: a few lines lead each of thousands to the same thousand models.
MOST_LED_TO = 100_000


@dataclass(frozen=True)
class NeededModel:
    """What a catalogue has to have. Prices in USD per 1 M tokens; None where not told.

    ``spoken`` is what the format calls it, where that is not its name; ``place`` says where.
    """

    name: str
    provider: str
    context_window: int | None = None
    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    spoken: str = ""
    place: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "label": self.name,
            "context_window": self.context_window,
            "regions": list(self.regions),
            "capabilities": list(self.capabilities),
            "input_usd_per_mtok": self.input_usd_per_mtok,
            "output_usd_per_mtok": self.output_usd_per_mtok,
        }


@dataclass(frozen=True)
class ReadLane:
    """What requests for these names get. ``when`` is a condition of our documents, where the
    source has one of its own; else the names are what is asked for. ``on`` are the kinds of failure
    that lead to the fallbacks, None for all.
    """

    names: tuple[str, ...]
    shares: tuple[Share, ...]
    fallbacks: tuple[str, ...] = ()
    context_fallbacks: tuple[str, ...] | None = None
    content_fallbacks: tuple[str, ...] | None = None
    on: tuple[str, ...] | None = None
    retries: int = 0
    select: str = "ordered"
    when: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Read:
    """A whole configuration. ``default`` is the place among the lanes of the one for the rest."""

    lanes: tuple[ReadLane, ...]
    default: int
    models: tuple[NeededModel, ...]
    attributes: tuple[dict[str, Any], ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)


def documents_of(read: Read, losses: Losses) -> dict[str, Any]:
    """The four documents, defaults written out; the thresholds are those that a workflow starts
    with, since no gateway has any.
    """
    start = starting_documents()
    declared = [
        *start["request_classification"]["attributes"],
        *_requested(read),
        *read.attributes,
    ]
    rows = list(_rows(read.lanes, losses))
    documents = {
        "request_classification": {
            **start["request_classification"],
            # What the source asks for comes before what a workflow starts with.
            "attributes": list({entry["name"]: entry for entry in declared}.values()),
        },
        "router_policy": _policy(read),
        "fallback_matrix": {
            "schema": 1,
            "rows": rows,
            "limits": {"max_attempts": _longest_chain(read.lanes, rows, losses), **read.limits},
        },
        "quality_thresholds": start["quality_thresholds"],
    }
    if _requested(read):
        losses.caller(
            "/request_classification/attributes",
            f"Send what the caller asks for as the attribute {REQUESTED}: without it all requests "
            "take the default route.",
        )
    losses.approximated(
        "/fallback_matrix/limits/deadline_ms",
        f"A chain ends here after {Limits().deadline_ms / 1000:g} s; no such limit was read.",
    )
    return {kind: serialise(parse_component(kind, raw)) for kind, raw in documents.items()}


def within_bounds(lanes: Iterable[ReadLane], place: Place) -> list[ReadLane]:
    """The lanes, as far as documents of them can be held; the place's log tells of more."""
    found: list[ReadLane] = []
    led_to = 0
    for lane in lanes:
        after = (lane.fallbacks, lane.context_fallbacks or (), lane.content_fallbacks or ())
        led_to += len(lane.shares) + sum(map(len, after))
        if led_to > MOST_LED_TO:
            most = f"{MOST_LED_TO:,} models, each counted wherever it is led to"
            place.report(f"must lead to at most {most}")
            break
        found.append(lane)
    return found


def shares_of(
    shares: Iterable[Share], place: str, losses: Losses, *, is_whole: bool = True
) -> tuple[Share, ...]:
    """Each model once, with the sum of its shares; tells who serves. `is_whole`: nobody else who
    would serve was left out."""
    weights: dict[str, float] = {}
    for share in shares:
        weights[share.model] = weights.get(share.model, 0) + share.weight
    if weights and not any(weights.values()):
        losses.approximated(place, "No part has a weight above 0; here all have the same share.")
        weights = dict.fromkeys(weights, 1)
    elif not is_whole:
        losses.approximated(
            place, "What is left out would serve, too; here it is as if it were not there."
        )
    elif len(weights) == 1:
        losses.exact(place, f"Goes to {next(iter(weights))}.")
    if len(weights) > 1:
        losses.approximated(place, "A request keeps its model; there it is drawn.")
    return tuple(Share(model, weight) for model, weight in weights.items())


def add_model(models: dict[str, NeededModel], name: str, provider: str, place: str = "") -> str:
    """What a model is called among those that are needed, which it joins: each provider's apart."""
    key, number = name, 1
    while models.setdefault(key, NeededModel(key, provider, place=place)).provider != provider:
        key = f"{provider}/{name}"[:LONGEST_NUMBERED] + (f" #{number}" if number > 1 else "")
        number += 1
    return key


def catalogue_of(models: Iterable[NeededModel]) -> dict[str, Any]:
    """The entries that the documents name, as a catalogue document."""
    named = {model.name: model for model in models}
    providers = sorted({model.provider for model in named.values()})
    return {
        "providers": {key: {"label": key} for key in providers},
        "models": {name: model.to_json() for name, model in named.items()},
    }


def as_key(text: str) -> str:
    """A name of our documents that looks like a text; empty where nothing of it may stand there."""
    key = re.sub(r"[^A-Za-z0-9_.\-]+", "-", text).strip(".-")[:LONGEST_KEY]
    return key if KEY_PATTERN.match(key) else ""


def as_attribute(text: str) -> str:
    """The same for an attribute, some names of which mean something in conditions."""
    key = as_key(text)
    return f"{key}_sent" if key in RESERVED_NAMES else key


def _named(read: Read) -> list[ReadLane]:
    return [lane for lane in read.lanes if lane.when is None and lane.names]


def _requested(read: Read) -> list[dict[str, Any]]:
    values = list(dict.fromkeys(name for lane in _named(read) for name in lane.names))
    if len(read.lanes) < 2 or not values:
        return []
    about = "The model that the caller asks for, as the gateway took it."
    return [{"name": REQUESTED, "type": "category", "values": values, "description": about}]


def _policy(read: Read) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    taken = {"default"}
    for index, lane in enumerate(read.lanes):
        when = lane.when if lane.when is not None else {REQUESTED: {"in": list(lane.names)}}
        if len(read.lanes) < 2 or (lane.when is None and not lane.names):
            continue
        key = as_key(lane.names[0]) if lane.names else ""
        numbers = count(index + 1)
        while not key or key in taken:
            key = f"route-{next(numbers)}"
        taken.add(key)
        rules.append({"id": key, "when": when, "route": _route(lane, key)})
    return {"schema": 1, "rules": rules, "default": _route(read.lanes[read.default], "default")}


def _route(lane: ReadLane, salt: str) -> dict[str, Any]:
    is_split = len(lane.shares) > 1 and lane.select != "cheapest"
    return {
        "select": "weighted" if is_split else lane.select,
        "salt": salt,
        "candidates": [
            {"model": share.model, **({"weight": share.weight} if is_split else {})}
            for share in lane.shares
        ],
    }


def _rows(lanes: Collection[ReadLane], losses: Losses) -> Iterable[dict[str, Any]]:
    """One row for each model and list of targets; a model of two lanes has the first one's."""
    answered: dict[str, ReadLane] = {}
    for lane in lanes:
        alike: dict[int, bool] = {}
        for share in lane.shares:
            first = answered.setdefault(share.model, lane)
            if id(first) not in alike:
                alike[id(first)] = first is lane or _leads_alike(first, lane)
            if alike[id(first)]:
                if first is lane:
                    yield from _rows_of(share.model, lane)
            else:
                losses.approximated(
                    "/fallback_matrix/rows",
                    f"{share.model} serves {_said(first)} and {_said(lane)}, which go on in "
                    f"different ways; here it goes on as for {_said(first)}.",
                )
    for lane in lanes:
        own = _shared(lane)
        for model in dict.fromkeys(lane.fallbacks) if lane.retries else ():
            if answered.setdefault(model, lane) is lane and model not in own:
                yield {"model": model, "on": list(RETRIED), "retries": _retries(lane), "then": []}


def _shared(lane: ReadLane) -> set[str]:
    return {share.model for share in lane.shares}


def _retries(lane: ReadLane) -> dict[str, int]:
    return {"count": min(lane.retries, MOST_RETRIES)}


def _longest_chain(
    lanes: Iterable[ReadLane], rows: Iterable[Mapping[str, Any]], losses: Losses
) -> int:
    """Attempts that the rows can ask for after a first choice, at most what a limit may be."""
    tries: dict[str, int] = {}
    then: dict[str, dict[str, None]] = {}
    for row in rows:
        count = row.get("retries", {}).get("count", 0)
        tries[row["model"]] = max(tries.get(row["model"], 1), 1 + count)
        then.setdefault(row["model"], {}).update(dict.fromkeys(row["then"]))
    longest = 1
    for model in dict.fromkeys(share.model for lane in lanes for share in lane.shares):
        longest = max(longest, _length_after(model, tries, then))
        if longest > MOST_ATTEMPTS:
            losses.approximated(
                "/fallback_matrix/limits/max_attempts",
                f"A chain ends here after {MOST_ATTEMPTS} attempts, the most that may be said.",
            )
            return MOST_ATTEMPTS
    return longest


def _length_after(
    model: str, tries: Mapping[str, int], then: Mapping[str, Mapping[str, None]]
) -> int:
    """Attempts of all that a model leads to; beyond what a limit may be it is not counted on."""
    reached, left, length = {model}, [model], 0
    while left and length <= MOST_ATTEMPTS:
        found = left.pop()
        length += tries.get(found, 1)
        new = [target for target in then.get(found, ()) if target not in reached]
        reached.update(new)
        left += new
    return length


def _said(lane: ReadLane) -> str:
    return f"“{lane.names[0]}”" if lane.names else "the default"


def _leads_alike(first: ReadLane, second: ReadLane) -> bool:
    def bare(lane: ReadLane) -> ReadLane:
        return replace(lane, names=(), shares=(), when=None, select="")

    others = [_shared(lane) for lane in (first, second)]
    return bare(first) == bare(second) and (others[0] == others[1] or not first.retries)


def _rows_of(model: str, lane: ReadLane) -> Iterable[dict[str, Any]]:
    siblings = [share.model for share in lane.shares] if lane.retries else []
    general = _targets(model, (*siblings, *lane.fallbacks))
    own = {CONTEXT: lane.context_fallbacks, CONTENT: lane.content_fallbacks}
    kinds = [*GENERAL, *(kind for kind, targets in own.items() if targets is None)]
    leading = kinds if lane.on is None else [kind for kind in kinds if kind in lane.on]
    retried = [kind for kind in kinds if kind in RETRIED] if lane.retries else []
    ways: tuple[tuple[list[str], list[str]], ...] = (
        (general, [kind for kind in retried if kind in leading]),
        ([], [kind for kind in retried if kind not in leading]),
    )
    for then, on in ways:
        if on:
            yield {"model": model, "on": on, "retries": _retries(lane), "then": then}
    rest = [kind for kind in leading if kind not in retried]
    if general and rest:
        yield {"model": model, "on": rest, "then": general}
    for kind, targets in own.items():
        if targets and _targets(model, targets):
            yield {"model": model, "on": [kind], "then": _targets(model, targets)}


def _targets(model: str, names: Iterable[str]) -> list[str]:
    """As many as a chain can reach: of a group of thousands, each would have all others."""
    others = (name for name in dict.fromkeys(names) if name != model)
    return list(islice(others, MOST_ATTEMPTS))
