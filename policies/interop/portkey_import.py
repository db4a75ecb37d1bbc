"""A workflow's documents of a Portkey config: targets as routes, conditions as rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.engine import Problem
from policies.engine.conditions import read_constraint
from policies.engine.reading import Place
from policies.engine.routing import read_model_name
from policies.interop.drafting import NeededModel, Read, ReadLane, as_attribute, as_key
from policies.interop.lanes import Share
from policies.interop.losses import Losses

MODES = ("single", "fallback", "loadbalance", "conditional")
RANGES = {"$gt": "gt", "$gte": "gte", "$lt": "lt", "$lte": "lte"}
DEEPEST = 8


class _Reading:
    """What is gathered on the way: models and the attributes that conditions ask for."""

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self.models: dict[str, NeededModel] = {}
        self.attributes: dict[str, str] = {}


def import_portkey(place: Place, losses: Losses) -> Read | None:
    """What the config says; None where it is not sound, which the place's log tells."""
    reading = _Reading(losses)
    members = dict(place.members())
    strategy = _strategy(members)
    if strategy.get("mode") == "conditional":
        lanes, default = _conditional(members, strategy, reading)
    else:
        lanes, default = [_lane(place, (), reading)], 0
    for key in members:
        if key not in (
            "strategy",
            "targets",
            "provider",
            "virtual_key",
            "override_params",
            "retry",
        ):
            losses.dropped(f"/{key}", "Caches, guards and timeouts are not part of a policy.")
    if place.log or not lanes:
        if not place.log:
            place.report("must have at least one target that names a model")
        return None
    attributes = tuple(
        {"name": name, "type": kind, "description": "Sent as metadata of the request."}
        for name, kind in reading.attributes.items()
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
            targets[name] = item
    at = members["strategy"].child("conditions", strategy.get("conditions", []))
    lanes = []
    for item in at.items(of="conditions"):
        fields = item.fields("query", "then")
        target, query = fields.required("then"), fields.required("query")
        if not isinstance(target.value, str) or target.value not in targets:
            target.report("must be the name of a target")
            continue
        when = _query(query, reading, 0)
        if when is not None:
            lanes.append(_lane(targets[target.value], (), reading, when))
    default = strategy.get("default")
    if isinstance(default, str) and default in targets:
        lanes.append(_lane(targets[default], (), reading, {}))
    elif lanes:
        reading.losses.approximated(
            "/strategy/default", "Without a default Portkey refuses; here the last rule serves."
        )
    return lanes, len(lanes) - 1


def _query(place: Place, reading: _Reading, depth: int) -> dict[str, Any] | None:
    """Our condition; None where it cannot be said, and the rule is left out."""
    boxes: list[dict[str, Any]] = [{}]
    for key, item in place.members():
        if key == "$or" and depth == 0 and len(dict(place.members())) == 1:
            inner = [_query(one, reading, 1) for one in item.items(of="queries")]
            if not inner or any(one is None for one in inner):
                return None
            return {"any_of": inner} if len(inner) > 1 else inner[0]
        test = _test(key, item, reading)
        if test is None:
            reading.losses.dropped(
                item.pointer, "This condition has no counterpart, so its rule is left out."
            )
            return None
        name, constraint = test
        if name in boxes[0]:
            return None
        boxes[0][name] = constraint
    return boxes[0]


def _test(key: str, item: Place, reading: _Reading) -> tuple[str, Any] | None:
    segments = key.split(".")
    if len(segments) < 2 or segments[0] not in ("metadata", "params"):
        return None
    if len(segments) > 2:
        reading.losses.approximated(
            item.pointer, f"Portkey reads two segments of a key: {segments[0]}.{segments[1]}."
        )
    name = as_attribute(segments[1] if segments[0] == "metadata" else f"param_{segments[1]}")
    operators = item.value if isinstance(item.value, dict) else {"$eq": item.value}
    constraint, kind = _constraint(operators)
    if (
        not name
        or constraint is None
        or not _can_hold(constraint)
        or reading.attributes.setdefault(name, kind) != kind
    ):
        return None
    return name, constraint


def _constraint(operators: Mapping[str, Any]) -> tuple[Any, str]:
    if set(operators) == {"$eq"} and isinstance(operators["$eq"], str):
        if operators["$eq"] in ("true", "false"):
            return operators["$eq"] == "true", "flag"
        return {"in": [operators["$eq"]]}, "category"
    if set(operators) == {"$in"} and _are_texts(operators["$in"]):
        return {"in": list(dict.fromkeys(operators["$in"]))}, "category"
    if operators and set(operators) <= set(RANGES) and all(map(_is_number, operators.values())):
        return {RANGES[name]: bound for name, bound in operators.items()}, "number"
    return None, ""


def _can_hold(constraint: object) -> bool:
    """Whether our documents may say it; a range that no number lies in they may not."""
    log: list[Problem] = []
    read_constraint(Place(constraint, "", log))
    return not log


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


def _lane(
    place: Place,
    names: tuple[str, ...],
    reading: _Reading,
    when: Mapping[str, Any] | None = None,
) -> ReadLane:
    """A target as a lane: a split of targets, each with those that follow it, or one alone."""
    branches = _branches(place, reading, 0)
    shares = tuple(Share(models[0], weight) for models, weight, _ in branches)
    unique = {share.model: share for share in shares}
    fallbacks = branches[0][0][1:] if branches else []
    if any(models[1:] != fallbacks for models, _, _ in branches):
        reading.losses.approximated(
            place.pointer, "The parts of a split go on in different ways; here as the first does."
        )
    if not shares:
        place.report("must lead to a target with override_params.model")
    elif len(unique) == 1:
        reading.losses.exact(place.pointer, f"Goes to {shares[0].model}.")
    else:
        reading.losses.approximated(place.pointer, "A request keeps its model; there it is drawn.")
    retries = max((retries for _, _, retries in branches), default=0)
    kept = tuple(unique.values()) or (Share("-"),)
    return ReadLane(names, kept, tuple(fallbacks), retries=retries, when=when)


def _branches(place: Place, reading: _Reading, depth: int) -> list[tuple[list[str], float, int]]:
    """(models in order, weight, retries) of each part of a target."""
    members = dict(place.members())
    if depth > DEEPEST:
        place.report(f"must not be nested deeper than {DEEPEST} levels")
        return []
    retries = _retries(members)
    if "targets" not in members:
        model = _model(place, members, reading)
        return [([model], 1.0, retries)] if model else []
    mode = _strategy(members).get("mode", "single")
    items = members["targets"].items(of="targets")
    parts = [(_branches(item, reading, depth + 1), _weight(item)) for item in items]
    told = [([models for models, _, _ in found], weight, found) for found, weight in parts if found]
    if mode == "conditional":
        reading.losses.approximated(place.pointer, "A nested condition takes its first target.")
    if mode == "loadbalance":
        return [(models[0], weight, found[0][2]) for models, weight, found in told]
    if mode == "fallback" and told:
        return [(_flat([model for models, _, _ in told for model in models]), 1.0, retries)]
    return told[0][2] if told else []


def _flat(chains: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(model for chain in chains for model in chain))


def _weight(item: Place) -> float:
    weight = item.value.get("weight", 1) if isinstance(item.value, dict) else 1
    if weight is None:
        return 1
    return item.child("weight", weight).number(at_least=0)


def _retries(members: Mapping[str, Place]) -> int:
    place = members.get("retry")
    attempts = place.value.get("attempts", 0) if place and isinstance(place.value, dict) else 0
    return int(min(attempts, 5)) if _is_number(attempts) and attempts > 0 else 0


def _model(place: Place, members: Mapping[str, Place], reading: _Reading) -> str:
    provider = members.get("provider") or members.get("virtual_key")
    given = str(provider.value if provider else "")
    parameters = members.get("override_params")
    model = (
        parameters.value.get("model") if parameters and isinstance(parameters.value, dict) else None
    )
    if not isinstance(model, str) or not model:
        place.report(
            "must have override_params.model: the model that the caller sends is not known"
        )
        return ""
    if model.startswith("@"):
        given, _, model = model[1:].partition("/")
    key = as_key(given.lstrip("@")) or "unknown"
    name = (read_model_name(place.child("model", model), None) or "-")[:200]
    known = reading.models.setdefault(name, NeededModel(name, key))
    if known.provider != key:
        name = f"{key}/{name}"[:200]
        reading.models.setdefault(name, NeededModel(name, key))
    reading.losses.caller(place.pointer, f"The credentials of {key} stay with the router.")
    for other in parameters.value if parameters and isinstance(parameters.value, dict) else ():
        if other != "model":
            reading.losses.caller(
                f"{place.pointer}/override_params/{other}", "Parameters are the caller's to send."
            )
    return name
