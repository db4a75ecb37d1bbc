"""Requests that a person can read, out of boxes of the space of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..bundle import Bundle
from ..canonical import LARGEST_EXACT_INTEGER
from ..catalogue import TOKENS_PER_PRICE, Model
from ..decision import decide
from ..request import Given, Request
from ..routing import Route
from .findings import Witness
from .space import CLASS, Space

# Enough to meet a share of 3 % of a split with a probability of 99.8 %.
REQUEST_IDS = tuple(f"r{number}" for number in range(1, 201))


def attributes_in(space: Space, box: int, *, complete: bool = False) -> dict[str, Given]:
    """The attributes of one request in a box: as few as the box allows, or, where ``complete``,
    every one that the box restricts and that can have a value there.
    """
    found: dict[str, Given] = {}
    for key, field in space.fields.items():
        part, name = box & field.mask, field.name
        if isinstance(key, tuple):
            # Values of a set that is in: as few as the box allows.
            value, _ = space.sample(field, part)
            if name in found and isinstance(value, tuple):
                found[name] = [*_texts(found[name]), *value]
        # Most fields are open, and then the attribute can be left out.
        elif name != CLASS and not _is_open(space, box, name, complete=complete):
            value, may_lack = space.sample(field, part)
            if value is not None and (complete or not may_lack):
                found[name] = list(value) if isinstance(value, tuple) else value
    return found


def _is_open(space: Space, box: int, name: str, *, complete: bool) -> bool:
    """Whether a box leaves an attribute open, and, where ``complete``, all that a set may hold."""
    if not complete:
        return not space.fields[name].mask & ~box
    return not any(field.mask & ~box for field in space.fields.values() if field.name == name)


def _texts(value: Given) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def witness_in(space: Space, box: int, *, complete: bool = False) -> Witness:
    """One request in a box, as raw JSON."""
    return {"attributes": attributes_in(space, box, complete=complete)}


def witness_of_model(
    bundle: Bundle, space: Space, box: int, rule_id: str, model: str
) -> Witness | None:
    """A request in a box that a policy rule sends to a model; None if none was found.

    Sizes are tried at and beside every window and cost limit, and request ids until the split
    chooses the model; every try is settled by ``decide``.
    """
    plain = Request(attributes=attributes_in(space, box))
    for request in _variants(bundle, rule_id, plain):
        decision = decide(bundle, request)
        if (decision.policy_rule, decision.model) == (rule_id, model):
            return as_raw(request)
    return None


def as_raw(request: Request) -> Witness:
    """A request in the form of ``parse_request``, without what it does not say."""
    raw: Witness = {"attributes": dict(request.attributes)}
    if request.request_id:
        raw["request_id"] = request.request_id
    if request.input_tokens is not None:
        raw["input_tokens"] = request.input_tokens
    if request.max_output_tokens is not None:
        raw["max_output_tokens"] = request.max_output_tokens
    return raw


def _variants(bundle: Bundle, rule_id: str, plain: Request) -> Iterator[Request]:
    yield plain
    routes = dict(bundle.router_policy.routes())
    tried = [routes[rule_id]]
    if tried[0].on_no_candidate == "default":
        tried.append(bundle.router_policy.default)
    sized = [
        replace(plain, input_tokens=sent, max_output_tokens=written)
        for route in tried
        for sent, written in telling_sizes(bundle, route)
    ]
    yield from sized
    if any(route.select == "weighted" for route in tried):
        for request in (plain, *sized):
            yield from (replace(request, request_id=name) for name in REQUEST_IDS)


def telling_sizes(bundle: Bundle, route: Route) -> list[tuple[int, int]]:
    """(input, output) tokens just inside and just outside what each candidate may take."""
    limits = route.constraints
    models = [bundle.catalogue.models.get(candidate.model) for candidate in route.candidates]
    known = [model for model in models if model is not None]
    sizes: dict[tuple[int, int], None] = {}
    if limits.fits_context:
        windows = [model.context_window for model in known if model.context_window is not None]
        sizes |= dict.fromkeys((size, 0) for window in windows for size in (window, window + 1))
        sizes |= dict.fromkeys((0, size) for window in windows for size in (window, window + 1))
    if limits.max_cost_usd is not None:
        for model in known:
            sizes |= dict.fromkeys(_sizes_at_cost(model, limits.max_cost_usd))
    return list(sizes)


def _sizes_at_cost(model: Model, limit_usd: float) -> list[tuple[int, int]]:
    """All input or all output, for just about the limit and just above it."""
    sizes: list[tuple[int, int]] = []
    for tier in model.price_tiers:
        edge = tier.above_input_tokens
        sizes += [(edge, 0), (edge + 1, 0)]
        sizes += [(tokens, 0) for tokens in _around(limit_usd, tier.input_usd_per_mtok)]
    sizes += [(tokens, 0) for tokens in _around(limit_usd, model.input_usd_per_mtok)]
    sizes += [(0, tokens) for tokens in _around(limit_usd, model.output_usd_per_mtok)]
    return sizes


def _around(limit_usd: float, price: float | None) -> tuple[int, ...]:
    """So many tokens that they cost just about the limit, and one more."""
    if not price:
        return ()
    most = int(min(limit_usd * TOKENS_PER_PRICE / price, LARGEST_EXACT_INTEGER / 2))
    return most, most + 1
