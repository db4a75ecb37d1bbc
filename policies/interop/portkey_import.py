"""A workflow's documents of a Portkey config: targets as routes, conditions as rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.engine.reading import Place
from policies.engine.routing import read_model_name
from policies.interop.drafting import (
    RETRIED,
    NeededModel,
    Read,
    ReadLane,
    add_model,
    as_key,
    shares_of,
    within_bounds,
)
from policies.interop.lanes import STATUSES, UNTOLD, Share
from policies.interop.losses import Losses
from policies.interop.portkey_conditions import Attributes, condition_of, is_number

MODES = ("single", "fallback", "loadbalance", "conditional")
DEEPEST = 8
READ = frozenset(
    {"name", "weight", "strategy", "targets", "provider", "virtual_key", "override_params", "retry"}
)
REACHED = frozenset({"api_key", "custom_host", "forward_headers"})


class _Reading:
    """What is gathered on the way: models, what conditions ask for, and how many targets were left
    out.
    """

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self.models: dict[str, NeededModel] = {}
        self.attributes = Attributes(losses)
        self.left_out = 0


@dataclass(frozen=True)
class _Inherited:
    """What targets have of what they are in, unless they have their own."""

    retries: int = 0
    model: str = ""

    def of(self, members: Mapping[str, Place]) -> _Inherited:
        return _Inherited(_retries(members, self.retries), _model_told(members) or self.model)


def import_portkey(place: Place, losses: Losses) -> Read | None:
    """What the config says; None where it is not sound, which the place's log tells."""
    reading = _Reading(losses)
    members = dict(place.members())
    strategy = _strategy(members)
    if strategy.get("mode") == "conditional":
        lanes, default = _conditional(members, strategy, reading)
    else:
        lanes, default = list(filter(None, [_lane(place, reading)])), 0
    lanes = within_bounds(lanes, place)
    _tell_the_rest(place, members, losses)
    if place.log or not lanes:
        if not place.log:
            place.report("must have at least one target that names a model")
        return None
    attributes = tuple(
        {"name": name, "type": kind, "description": "Sent as metadata of the request."}
        for name, kind in reading.attributes.kinds.items()
    )
    models = tuple(reading.models.values())
    return Read(tuple(lanes), default, models, attributes, {"retry_budget": None, "breaker": None})


def _strategy(members: Mapping[str, Place]) -> dict[str, Any]:
    place = members.get("strategy")
    if place is None:
        return {}
    inner = {key: item.value for key, item in place.members()}
    if "mode" in inner:
        place.child("mode", inner["mode"]).choice(MODES)
    return inner


def _conditional(
    members: Mapping[str, Place], strategy: Mapping[str, Any], reading: _Reading
) -> tuple[list[ReadLane], int]:
    targets: dict[str, Place] = {}
    place = members.get("targets")
    for item in place.items(of="targets") if place else ():
        name = item.value.get("name") if isinstance(item.value, dict) else None
        if isinstance(name, str):
            targets.setdefault(name, item)  # of several, Portkey takes the first
    at = members["strategy"].child("conditions", strategy.get("conditions", []))
    inherited = _Inherited().of(members)
    lanes: list[ReadLane] = []
    led_to: dict[str, ReadLane | None] = {}  # by the name of a target, read once
    for item in at.items(of="conditions"):
        fields = item.fields("query", "then")
        target, query = fields.required("then"), fields.required("query")
        if not isinstance(target.value, str) or target.value not in targets:
            target.report("must be the name of a target")
            continue
        when = condition_of(query, reading.attributes)
        if when is None:
            continue
        if target.value not in led_to:
            led_to[target.value] = _lane(targets[target.value], reading, inherited)
        lane = led_to[target.value]
        if lane is not None:
            lanes.append(replace(lane, when=when))
    default = strategy.get("default")
    named = targets.get(default) if isinstance(default, str) else None
    lane = None if named is None else _lane(named, reading, inherited)
    if lane is not None:
        lanes.append(replace(lane, when={}))
    elif lanes:
        why = "Without a default Portkey refuses" if named is None else "The default is left out"
        reading.losses.approximated("/strategy/default", f"{why}; here the last rule serves.")
    return lanes, len(lanes) - 1


@dataclass(frozen=True)
class _Branch:
    """One part of a target: its models in order, and the kinds of failure that lead on, None for
    all."""

    models: tuple[str, ...]
    weight: float
    retries: int
    on: tuple[str, ...] | None = None


def _lane(
    place: Place,
    reading: _Reading,
    inherited: _Inherited = _Inherited(),
) -> ReadLane | None:
    """A target as a lane: a split of targets, each with those that follow it, or one alone. None
    where it leads to no model that is known."""
    left_out = reading.left_out
    branches = _branches(place, reading, 0, inherited)
    if not branches:
        return None
    first, losses = branches[0], reading.losses
    if any((one.models[1:], one.on) != (first.models[1:], first.on) for one in branches):
        losses.approximated(
            place.pointer, "The parts of a split go on in different ways; here as the first does."
        )
    given = (Share(one.models[0], one.weight) for one in branches)
    is_whole = reading.left_out == left_out
    shares = shares_of(given, place.pointer, losses, is_whole=is_whole)
    most = max(one.retries for one in branches)
    if most:
        losses.approximated(
            place.pointer,
            f"Each model is tried again {most} times at most, after {', '.join(RETRIED)}, with the "
            "waits of the documents; there by status.",
        )
    return ReadLane((), shares, fallbacks=first.models[1:], on=first.on, retries=most)


def _branches(place: Place, reading: _Reading, depth: int, inherited: _Inherited) -> list[_Branch]:
    """The parts of a target; one without a model is left out."""
    members = dict(place.members())
    if depth > DEEPEST:
        place.report(f"must not be nested deeper than {DEEPEST} levels")
        return []
    own = inherited.of(members)
    _tell_the_rest(place, members, reading.losses)
    if "targets" not in members:
        model = _model(place, members, own.model, reading)
        return [_Branch((model,), 1.0, own.retries)] if model else []
    strategy = _strategy(members)
    mode = strategy.get("mode", "single")
    items = members["targets"].items(of="targets")
    if mode == "conditional":
        reading.left_out += 1
        reading.losses.approximated(place.pointer, "A nested condition takes its first target.")
    if mode in ("single", "conditional"):
        for item in items[1:]:
            reading.losses.dropped(item.pointer, "The first target alone serves.")
        items = items[:1]
    parts = [(item, _branches(item, reading, depth + 1, own), _weight(item)) for item in items]
    told = [(item, found, weight) for item, found, weight in parts if found]
    if mode == "loadbalance":
        return [one for _, found, weight in told for one in _scaled(found, weight)]
    if mode == "fallback" and told:
        on = _kinds(members["strategy"], strategy, reading.losses) if len(told) > 1 else None
        return _followed(told, on, reading)
    return told[0][1] if told else []


def _scaled(found: list[_Branch], weight: float) -> list[_Branch]:
    """A split inside a split: its parts have their share of its weight."""
    total = sum(one.weight for one in found) or len(found)
    return [replace(one, weight=weight * one.weight / total) for one in found]


def _followed(
    told: list[tuple[Place, list[_Branch], float]],
    on: tuple[str, ...] | None,
    reading: _Reading,
) -> list[_Branch]:
    """The parts of the first target, each followed by all others."""
    for item, found, _ in told[1:]:
        if len(found) > 1:
            reading.losses.approximated(
                item.pointer, "A split after a failure is tried in order, not by its shares."
            )
    for item, found, _ in told:
        if any(len(one.models) > 1 and one.on != on for one in found):
            reading.losses.approximated(
                item.pointer,
                "A fallback in a fallback goes on after the failures of the outer one.",
            )
    later: list[str] = []
    tried = {model for one in told[0][1] for model in one.models}
    for item, found, _ in told[1:]:
        models = [model for one in found for model in one.models]
        if again := next((model for model in models if model in tried), None):
            reading.losses.approximated(
                item.pointer, f"Portkey tries {again} again here; no model is gone back to."
            )
        tried.update(models)
        later += models
    most = max(one.retries for _, found, _ in told for one in found)
    return [
        replace(one, models=tuple(dict.fromkeys((*one.models, *later))), retries=most, on=on)
        for one in told[0][1]
    ]


def _kinds(place: Place, strategy: Mapping[str, Any], losses: Losses) -> tuple[str, ...] | None:
    """The kinds of failure that the statuses of a strategy are; None where any leads on."""
    codes = strategy.get("on_status_codes")
    if not isinstance(codes, list):
        losses.approximated(
            place.pointer, "After a bad request Portkey goes on, too; here a chain ends."
        )
        return None
    kinds = [kind for kind, statuses in STATUSES.items() if any(s in codes for s in statuses)]
    kinds += UNTOLD if any(code in codes for code in (400, 422)) else ()
    kinds += ["network"] if any(code in codes for code in (500, 502, 503)) else []
    losses.approximated(
        place.child("on_status_codes", codes).pointer,
        f"Failures are told by kind here: {', '.join(kinds) or 'none of them'} lead on.",
    )
    return tuple(kinds)


def _tell_the_rest(place: Place, members: Mapping[str, Place], losses: Losses) -> None:
    for key, item in members.items():
        if key in REACHED:
            losses.caller(item.pointer, "How the target is reached stays with the router.")
        elif key not in READ:
            losses.dropped(item.pointer, "Caches, guards and timeouts are not part of a policy.")
    retry = members.get("retry")
    for key in retry.value if retry and isinstance(retry.value, dict) else ():
        if key != "attempts":
            losses.dropped(f"{place.pointer}/retry/{key}", "Of retries their number alone is read.")
    parameters = members.get("override_params")
    for key in parameters.value if parameters and isinstance(parameters.value, dict) else ():
        if key != "model":
            losses.caller(
                f"{place.pointer}/override_params/{key}", "Parameters are the caller's to send."
            )
    strategy = members.get("strategy")
    for key, item in strategy.members() if strategy else ():
        if key not in ("mode", "on_status_codes", "conditions", "default"):
            losses.dropped(item.pointer, "This has no counterpart in the documents.")


def _weight(item: Place) -> float:
    weight = item.value.get("weight", 1) if isinstance(item.value, dict) else 1
    if weight is None:
        return 1
    return item.child("weight", weight).number(at_least=0)


def _retries(members: Mapping[str, Place], inherited: int) -> int:
    """Of a target: its own or, without, those of what it is in."""
    place = members.get("retry")
    if place is None or not isinstance(place.value, dict):
        return inherited
    attempts = place.value.get("attempts", 0)
    return int(min(attempts, 5)) if is_number(attempts) and attempts > 0 else 0


def _model_told(members: Mapping[str, Place]) -> str:
    parameters = members.get("override_params")
    value = parameters.value if parameters else None
    model = value.get("model") if isinstance(value, dict) else None
    return model if isinstance(model, str) else ""


def _model(place: Place, members: Mapping[str, Place], model: str, reading: _Reading) -> str:
    """The name of a target's model, its own or that of what it is in; empty without any."""
    if not model:
        reading.left_out += 1
        reading.losses.dropped(
            place.pointer,
            "Without override_params.model the model is not known, so this target is left out.",
        )
        return ""
    provider = members.get("provider") or members.get("virtual_key")
    given = str(provider.value if provider else "")
    if model.startswith("@"):
        given, _, model = model[1:].partition("/")
    key = as_key(given.lstrip("@")) or "unknown"
    name = (read_model_name(place.child("model", model), None) or "-")[:200]
    reading.losses.caller(place.pointer, f"The credentials of {key} stay with the router.")
    return add_model(reading.models, name, key, place.pointer)
