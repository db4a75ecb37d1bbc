"""A bundle as a Portkey config: conditions on metadata, lanes as targets.

Portkey evaluates what callers send as metadata, a flat map of texts, and reads two segments of a
key. A rule that it cannot evaluate is asked for by the caller, in `metadata.route`.
"""

from __future__ import annotations

import json
from typing import Any

from policies.engine import Bundle
from policies.engine.conditions import Box, Condition, Constraint, In, Is, Range
from policies.interop.lanes import Lane, after, lanes_of, retries_after, tell_what_no_gateway_has
from policies.interop.losses import Losses
from policies.interop.naming import provider_of, without_provider

RETRIED_STATUS = [408, 429, 500, 502, 503, 504]
MOST_RETRIES = 5
ROUTE = "route"
DROPPED_LIMITS = {
    "deadline_ms": "There is no deadline for a whole chain.",
    "max_attempts": "A chain is as long as its targets are.",
    "breaker": "A model that fails often is not left alone.",
}


def export_portkey(bundle: Bundle, losses: Losses) -> str:
    """The text of the config, JSON."""
    lanes = lanes_of(bundle, losses)
    tell_what_no_gateway_has(bundle, lanes, losses)
    for key, sentence in DROPPED_LIMITS.items():
        losses.dropped(f"/fallback_matrix/limits/{key}", sentence)
    targets = {lane.name: _target(bundle, lane, losses) for lane in lanes}
    has_rules = any(lane.when is not None for lane in lanes)
    content = _conditional(bundle, lanes, targets, losses) if has_rules else _only(targets)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _only(targets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(iter(targets.values()), {})


def _conditional(
    bundle: Bundle, lanes: tuple[Lane, ...], targets: dict[str, dict[str, Any]], losses: Losses
) -> dict[str, Any]:
    rules = {rule.id: index for index, rule in enumerate(bundle.router_policy.rules)}
    conditions = []
    for lane in lanes:
        if lane.when is None:
            continue
        place = f"/router_policy/rules/{rules[lane.rule]}/when"
        query = _query(lane.when, place, losses)
        if query is None:
            losses.caller(place, f"Send the metadata {ROUTE} “{lane.name}” where this rule holds.")
            query = {f"metadata.{ROUTE}": {"$eq": lane.name}}
        conditions.append({"query": query, "then": lane.name})
    strategy: dict[str, Any] = {"mode": "conditional", "conditions": conditions}
    if lanes[-1].when is None:
        strategy["default"] = lanes[-1].name
    return {
        "strategy": strategy,
        "targets": [{"name": name, **target} for name, target in targets.items()],
    }


def _query(when: Condition, place: str, losses: Losses) -> dict[str, Any] | None:
    """The condition over metadata, where Portkey means the same by it; else None."""
    boxes = [_box(box) for box in when.boxes]
    if any(box is None for box in boxes):
        return None
    names = sorted(when.attribute_names())
    if names:
        losses.caller(place, f"Send as metadata, as texts: {', '.join(names)}.")
    return boxes[0] if len(boxes) == 1 else {"$or": boxes}


def _box(box: Box) -> dict[str, Any] | None:
    """Empty, a query holds for everything, as an empty condition does."""
    query: dict[str, Any] = {}
    for name, constraint in box.tests:
        test = _test(constraint)
        if test is None or "." in name:  # more than two segments are not read
            return None
        query[f"metadata.{name}"] = test
    return query


def _test(constraint: Constraint) -> dict[str, Any] | None:
    """What is false of a missing value there, too; `$nin` and a test of presence are not."""
    if isinstance(constraint, In):
        return {"$in": list(constraint.values)}
    if isinstance(constraint, Is):
        return {"$eq": "true" if constraint.expected else "false"}
    if isinstance(constraint, Range):
        bounds = constraint.to_json()
        return {f"${name}": bound for name, bound in dict(bounds).items()}  # type: ignore[call-overload]
    return None


def _target(bundle: Bundle, lane: Lane, losses: Losses) -> dict[str, Any]:
    chains = [_chain(bundle, share.model, lane, losses) for share in lane.shares]
    if len(chains) == 1:
        return chains[0]
    weighted = [
        {**chain, "weight": share.weight} for chain, share in zip(chains, lane.shares, strict=True)
    ]
    return {"strategy": {"mode": "loadbalance"}, "targets": weighted}


def _chain(bundle: Bundle, model: str, lane: Lane, losses: Losses) -> dict[str, Any]:
    found = after(bundle, model, lane.classes, losses)
    names = (model, *dict.fromkeys((*found.general, *found.context, *found.content)))
    if found.context != found.general or found.content != found.general:
        losses.approximated(
            "/fallback_matrix/rows", f"After {model}, one list stands for all kinds of failures."
        )
    leaves = [_leaf(bundle, name, lane, losses) for name in names]
    if len(leaves) == 1:
        return leaves[0]
    return {"strategy": {"mode": "fallback"}, "targets": leaves}


def _leaf(bundle: Bundle, model: str, lane: Lane, losses: Losses) -> dict[str, Any]:
    provider = provider_of(bundle, model)
    losses.caller(f"/catalogue/models/{model}", f"“@{provider}” is to be a provider in Portkey.")
    name = without_provider(provider, model)
    leaf: dict[str, Any] = {"provider": f"@{provider}", "override_params": {"model": name}}
    retries = retries_after(bundle, model, lane.classes, losses)
    if retries:
        attempts = min(retries, MOST_RETRIES)
        leaf["retry"] = {"attempts": attempts, "on_status_codes": RETRIED_STATUS}
    return leaf
