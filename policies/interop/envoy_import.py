"""A workflow's documents of routes of Envoy AI Gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.engine.reading import Place
from policies.engine.routing import read_model_name
from policies.interop.drafting import (
    REQUESTED,
    NeededModel,
    Read,
    ReadLane,
    add_model,
    as_attribute,
    as_key,
    shares_of,
    within_bounds,
)
from policies.interop.envoy_export import ANY_MODEL, KIND, MODEL_HEADER
from policies.interop.envoy_traffic import KIND as POLICY
from policies.interop.lanes import Share
from policies.interop.losses import Losses

RETRIES_UNREAD = (
    "Which failures are tried again, and how often, is not read: here any that a policy may answer "
    "leads on, and nothing is tried again."
)


def import_envoy(place: Place, losses: Losses) -> Read | None:
    """What the routes say, a list of resources; None where they are not sound."""
    models: dict[str, NeededModel] = {}
    attributes: dict[str, dict[str, Any]] = {}
    lanes: list[ReadLane] = []
    is_retried = any(map(_retries, place.items(of="resources")))
    for rule in _rules(place, losses):
        found = _lanes(rule, models, attributes, losses)
        if not is_retried and any(lane.fallbacks for lane in found):
            losses.approximated(
                rule.pointer,
                "Without a BackendTrafficPolicy that retries, Envoy goes on to no backend of a "
                "later priority; here they are fallbacks.",
            )
        lanes += found
    lanes = within_bounds(lanes, place)
    if place.log:
        return None
    if not lanes:
        place.report(f"must have an {KIND} with a rule that has backendRefs")
        return None
    # Whatever their order, what tests more headers goes first (Gateway API's HTTPRoute).
    lanes.sort(key=_headers_tested, reverse=True)
    default = next((i for i, lane in enumerate(lanes) if not lane.names and not lane.when), None)
    if default is None:
        default = 0
        losses.approximated(
            "/spec/rules", "What no rule matches is refused there; here the first rule serves."
        )
    limits = {"retry_budget": None, "breaker": None}
    return Read(tuple(lanes), default, tuple(models.values()), tuple(attributes.values()), limits)


def _rules(place: Place, losses: Losses) -> Iterator[Place]:
    """The rules of all routes, in the order in which they stand."""
    for item in place.items(of="resources"):
        kind = item.value.get("kind") if isinstance(item.value, dict) else None
        if kind != KIND:
            other = f"{kind or 'This'} is no {KIND} and holds no routing."
            losses.dropped(item.pointer, RETRIES_UNREAD if kind == POLICY else other)
            continue
        spec = dict(item.members()).get("spec")
        for key, member in spec.members() if spec else ():
            if key == "rules":
                yield from member.items(of="rules")
            elif key != "parentRefs":
                losses.dropped(member.pointer, "This has no counterpart in the documents.")


def _headers_tested(lane: ReadLane) -> int:
    return 1 if lane.names else len(lane.when or ())


def _retries(resource: Place) -> bool:
    """Whether it is a policy without which Envoy tries nothing again."""
    value = resource.value
    spec = value.get("spec") if isinstance(value, dict) and value.get("kind") == POLICY else None
    return isinstance(spec, dict) and isinstance(spec.get("retry"), dict)


def _lanes(
    rule: Place,
    models: dict[str, NeededModel],
    attributes: dict[str, dict[str, Any]],
    losses: Losses,
) -> list[ReadLane]:
    members = dict(rule.members())
    shares, fallbacks = _backends(members.get("backendRefs") or rule, models, losses)
    for key in members:
        if key not in ("backendRefs", "matches"):
            losses.dropped(f"{rule.pointer}/{key}", "Timeouts and the like are no routes.")
    if not shares:
        rule.report("must have backendRefs")
        return []
    place = members.get("matches")
    matches = place.items(of="matches") if place and place.value is not None else []
    if not matches:
        return [ReadLane((), shares, fallbacks)]
    return _matched(matches, shares, fallbacks, attributes, losses)


def _matched(
    matches: list[Place],
    shares: tuple[Share, ...],
    fallbacks: tuple[str, ...],
    attributes: dict[str, dict[str, Any]],
    losses: Losses,
) -> list[ReadLane]:
    """A lane for all matches that ask for a model alone, and one for each other match."""
    names: list[str] = []
    lanes = []
    for match in matches:
        name, when = _match(match, attributes, losses)
        if when is None:
            continue
        if name is not None and not when:
            names.append(name)
            continue
        if name is not None:
            attributes.setdefault(REQUESTED, _category(REQUESTED))
            when = {**when, REQUESTED: {"in": [name]}}
        lanes.append(ReadLane((), shares, fallbacks, when=when or None))
    if names:
        lanes.insert(0, ReadLane(tuple(dict.fromkeys(names)), shares, fallbacks))
    return lanes


def _category(name: str) -> dict[str, Any]:
    return {"name": name, "type": "category", "description": "A header of the request."}


def _match(
    match: Place, attributes: dict[str, dict[str, Any]], losses: Losses
) -> tuple[str | None, dict[str, Any] | None]:
    """The model that is asked for and what else must hold; (None, None) where it is left out."""
    model: str | None = None
    when: dict[str, Any] = {}
    members_of_match = dict(match.members())
    for key, item in members_of_match.items():
        if key != "headers":
            losses.dropped(item.pointer, "Headers alone are tested.")
    headers = members_of_match.get("headers")
    tested: set[str] = set()
    for header in headers.items(of="headers") if headers else ():
        members = {key: item.value for key, item in header.members()}
        if members == ANY_MODEL:
            continue
        name, value = members.get("name"), members.get("value")
        if members.get("type", "Exact") != "Exact":
            losses.dropped(header.pointer, "Patterns are not tested: list the values instead.")
            return None, None
        if not isinstance(name, str) or not isinstance(value, str):
            header.report("must have name and value")
            return None, None
        if name.lower() in tested:
            losses.dropped(header.pointer, f"Of several tests of {name} the first alone counts.")
            continue
        tested.add(name.lower())
        if name.lower() == MODEL_HEADER:
            model = header.child("value", value).label()
            continue
        key = as_attribute(name.lower())
        key = f"{key}_sent" if key == REQUESTED else key
        if not key:
            header.report("must have a name that an attribute can have")
            return None, None
        attributes.setdefault(key, _category(key))
        when[key] = {"in": [value]}
        losses.caller(header.pointer, f"Send the header as the attribute {key}.")
    return model, when


def _backends(
    place: Place, models: dict[str, NeededModel], losses: Losses
) -> tuple[tuple[Share, ...], tuple[str, ...]]:
    by_priority: dict[float, list[Share]] = {}
    if not isinstance(place.value, list):
        return (), ()
    for item in place.items(of="backends"):
        members = dict(item.members())
        backend = read_model_name(members["name"], None) if "name" in members else ""
        if not backend:
            item.report("must have a name")
            continue
        override = members.get("modelNameOverride")
        name = (
            read_model_name(override, None) if override and override.value is not None else backend
        )
        if override is None or override.value is None:
            losses.caller(
                item.pointer,
                f"“{backend}” takes the caller's model; its catalogue key is that name.",
            )
        provider = as_key(backend) or "unknown"
        name = add_model(models, name, provider)
        for key in members:
            if key not in ("name", "modelNameOverride", "weight", "priority"):
                losses.dropped(f"{item.pointer}/{key}", "This has no counterpart in the documents.")
        weight = members["weight"].number(at_least=0) if "weight" in members else 1
        priority = members["priority"].number(at_least=0) if "priority" in members else 0
        by_priority.setdefault(priority, []).append(Share(name, weight))
    ordered = [by_priority[level] for level in sorted(by_priority)]
    first = shares_of(ordered[0], place.pointer, losses) if ordered else ()
    if any(len(level) > 1 for level in ordered[1:]):
        losses.approximated(
            place.pointer, "Backends of a later priority are tried in order, not by their weights."
        )
    later = dict.fromkeys(share.model for level in ordered[1:] for share in level)
    return first, tuple(later)
