"""The one definition of which class, rule and model a request gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from .bundle import Bundle
from .catalogue import Catalogue
from .classification import RequestClassification
from .conditions import Value
from .request import Request, known_size, resolve
from .routing import DEFAULT_RULE, Candidate, Route, RouterPolicy
from .splitting import bucket, by_history, by_split
from .suitability import (
    Exclusion,
    Requirements,
    costs_too_much,
    estimated_cost,
    lacks_capability,
    lacks_region,
    lacks_room,
    lacks_service,
)

# In ``unchecked``: the request says nothing that a split could deal it out by, so that all such
# requests get the same model.
NO_SPLIT_KEY = "split_key"
# Sizes that "cheapest" reckons with where a request does not say its own. They only rank
# models against one another, so what matters is their ratio: twice as much read as written.
TYPICAL_INPUT_TOKENS = 1000
TYPICAL_OUTPUT_TOKENS = 500


class Decision(NamedTuple):
    """What a bundle says of one request.

    ``class_source`` is "rule" (``class_rule`` names it), "default" or "provided".
    ``policy_rule`` is the id of the rule that matched, or "default". ``candidates`` holds the
    chosen model first and the other admissible ones in order. ``fell_to_default`` tells that the
    matched rule had none and sent the request to the default route. ``bucket`` is set by
    weighted routes. ``unchecked`` names constraints that an unknown size or price
    left unapplied, or applied to the known part only, and ``split_key`` where a split had to deal
    the request out by nothing.
    """

    class_key: str
    class_rule: str | None
    class_source: str
    policy_rule: str
    model: str | None
    candidates: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    bucket: float | None = None
    refused: str | None = None
    unchecked: tuple[str, ...] = ()
    requirements: Requirements = Requirements()
    fell_to_default: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What one route makes of a request: models in order, and the first reason against others."""

    models: tuple[str, ...]
    excluded: tuple[Exclusion, ...]
    unchecked: tuple[str, ...]
    bucket: float | None
    requirements: Requirements


class Walk(NamedTuple):
    """A decision and how it came about: the resolved values, what splits hash, and every route
    that was asked, with the id of its rule and what it made of the request.
    """

    decision: Decision
    values: Mapping[str, Value]
    split_key: str
    routes: tuple[tuple[str, Route, Choice], ...]


def decide(bundle: Bundle, request: Request) -> Decision:
    """Classifies and routes one request. Total and deterministic.

    Undeclared attributes are ignored; values of a wrong type count as missing. The only error is
    EngineError where a flag needs RE2 and it is not installed (see ``require_text_matcher``).
    """
    return walk(bundle, request).decision


def walk(bundle: Bundle, request: Request) -> Walk:
    """The steps of ``decide``, kept for whoever explains a decision."""
    values = resolve(bundle.request_classification, request)
    class_key, class_rule, source = classify(bundle.request_classification, values)
    policy = bundle.router_policy
    rule_id, route = _matching_route(policy, {**values, "class": class_key})
    key = _split_key(policy, values, request)
    choice = choose(bundle.catalogue, route, request, key)
    routes: tuple[tuple[str, Route, Choice], ...] = ((rule_id, route, choice),)
    falls = not choice.models and route.on_no_candidate == "default" and rule_id != DEFAULT_RULE
    if falls:
        second = choose(bundle.catalogue, policy.default, request, key)
        routes = (*routes, (DEFAULT_RULE, policy.default, second))
        choice = _after(choice, second)
    decision = Decision(
        class_key=class_key,
        class_rule=class_rule,
        class_source=source,
        policy_rule=rule_id,
        model=choice.models[0] if choice.models else None,
        candidates=choice.models,
        excluded=choice.excluded,
        bucket=choice.bucket,
        refused=None if choice.models else _refusal(rule_id, falls),
        unchecked=choice.unchecked,
        requirements=choice.requirements,
        fell_to_default=falls,
    )
    return Walk(decision, values, key, routes)


def classify(
    classification: RequestClassification, values: Mapping[str, Value]
) -> tuple[str, str | None, str]:
    """(class, id of the rule or None, source) for resolved values.

    A class provided by the router's classifier comes first where it is confident enough, then
    the first rule that holds, then the default class.
    """
    provided = classification.provided
    if provided:
        offered = values.get(provided.attribute)
        confidence = values.get(provided.confidence_attribute)
        known = isinstance(offered, str) and offered in classification.class_keys
        if known and isinstance(confidence, float) and confidence >= provided.min_confidence:
            return str(offered), None, "provided"
    for rule in classification.rules:
        if rule.when.holds(values):
            return rule.class_key, rule.id, "rule"
    return classification.default_class, None, "default"


def _matching_route(policy: RouterPolicy, values: Mapping[str, Value]) -> tuple[str, Route]:
    for rule in policy.rules:
        if rule.when.holds(values):
            return rule.id, rule.route
    return DEFAULT_RULE, policy.default


def _split_key(policy: RouterPolicy, values: Mapping[str, Value], request: Request) -> str:
    """What a split hashes: the sticky attribute's value, else the request id."""
    sticky = values.get(policy.sticky_on) if policy.sticky_on else None
    return sticky if isinstance(sticky, str) else str(request.request_id)


def choose(catalogue: Catalogue, route: Route, request: Request, key: str) -> Choice:
    """What a route makes of a request; ``key`` is what its split hashes."""
    requirements = Requirements(
        regions=route.constraints.regions,
        capabilities=route.constraints.capabilities,
        input_tokens=known_size(request.input_tokens),
        max_output_tokens=known_size(request.max_output_tokens),
    )
    verdicts = [
        (candidate, next(exclusions(catalogue, route, candidate, requirements), None))
        for candidate in route.candidates
    ]
    remaining = [candidate for candidate, exclusion in verdicts if exclusion is None]
    ordered = _in_order(catalogue, route, remaining, requirements, key)
    undealt = [NO_SPLIT_KEY] if _is_split(route, remaining) and not key else []
    return Choice(
        models=tuple(candidate.model for candidate in ordered),
        excluded=tuple(exclusion for _, exclusion in verdicts if exclusion is not None),
        unchecked=(*_unchecked(catalogue, route, remaining, requirements), *undealt),
        bucket=bucket(route.salt, key) if route.select == "weighted" else None,
        requirements=requirements,
    )


def _is_split(route: Route, remaining: list[Candidate]) -> bool:
    return route.select == "weighted" and len(remaining) > 1


def exclusions(
    catalogue: Catalogue, route: Route, candidate: Candidate, requirements: Requirements
) -> Iterator[Exclusion]:
    """Every reason why a candidate may not be chosen; the first is the one decisions tell."""
    out = lacks_service(catalogue, candidate.model)
    if out:
        yield out
    if route.select == "weighted" and candidate.weight <= 0:
        sentence = f"{candidate.model} has weight 0 and takes no traffic."
        yield Exclusion(candidate.model, "zero_weight", sentence)
    model, constraints = catalogue.models.get(candidate.model), route.constraints
    if model is None:
        return
    if out := lacks_region(model, constraints.regions):
        yield out
    if out := lacks_capability(model, constraints.capabilities):
        yield out
    if constraints.max_cost_usd is not None and (
        out := costs_too_much(model, requirements, constraints.max_cost_usd)
    ):
        yield out
    if constraints.fits_context and (out := lacks_room(model, requirements)):
        yield out


def _unchecked(
    catalogue: Catalogue, route: Route, remaining: list[Candidate], requirements: Requirements
) -> Iterator[str]:
    """Constraints that could not be applied in full to some remaining candidate."""
    limits = route.constraints
    if limits.max_cost_usd is None and not limits.fits_context:
        return
    models = [catalogue.models[candidate.model] for candidate in remaining]
    if limits.max_cost_usd is not None and any(
        estimated_cost(model, requirements) is None for model in models
    ):
        yield "max_cost_usd"
    if limits.fits_context and any(
        requirements.total_tokens is None or model.context_window is None for model in models
    ):
        yield "fits_context"


def _in_order(
    catalogue: Catalogue,
    route: Route,
    remaining: list[Candidate],
    requirements: Requirements,
    key: str,
) -> list[Candidate]:
    if route.select == "weighted":
        if route.steps and _is_split(route, remaining):
            return by_history(remaining, route.dealt(key))
        return by_split(remaining, route.salt, key)
    if route.select == "cheapest":
        return sorted(remaining, key=lambda c: ranking_cost(catalogue, c.model, requirements))
    return remaining


def ranking_cost(catalogue: Catalogue, model: str, requirements: Requirements) -> float:
    """Estimated USD with typical sizes where unknown; a model without a price comes last."""
    sent, written = requirements.input_tokens, requirements.max_output_tokens
    cost = catalogue.models[model].estimated_cost_usd(
        TYPICAL_INPUT_TOKENS if sent is None else sent,
        TYPICAL_OUTPUT_TOKENS if written is None else written,
    )
    return float("inf") if cost is None else cost


def _after(first: Choice, second: Choice) -> Choice:
    """The default route's choice, with what the matched rule had already excluded."""
    unchecked = tuple(dict.fromkeys((*first.unchecked, *second.unchecked)))
    return replace(second, excluded=first.excluded + second.excluded, unchecked=unchecked)


def _refusal(rule_id: str, fell_to_default: bool) -> str:
    if rule_id == DEFAULT_RULE:
        return "No candidate of the default route may serve this request."
    also = " nor of the default route" if fell_to_default else ""
    return f'No candidate of rule "{rule_id}"{also} may serve this request.'
