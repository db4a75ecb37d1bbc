"""Earlier weights of splits, kept by the console so that authors edit weights only.

A document goes on from its base: where the weights of a split differ, the base's weights become
the newest of its earlier ones. Pure; the same whether done once or again, and whatever an author
tried in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.engine.errors import DocumentError
from policies.engine.moved_shares import least_moved, moved_shares
from policies.engine.routing import Route, RouterPolicy, parse_router_policy
from policies.engine.splitting import Weights, shares_of

# Shares nearer than this differ by rounding only.
ROUNDING = 1e-9
History = tuple[Weights, ...] | None


def with_earlier_weights(documents: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The documents with the earlier weights of their splits, as they follow from the base.

    A policy without splits of the base, or one that cannot be read, stays as it is.
    """
    if "router_policy" not in documents or "router_policy" not in base:
        return dict(documents)
    policy = documents["router_policy"]
    return {**documents, "router_policy": _policy_from(policy, base["router_policy"])}


def carried_over(
    documents: Mapping[str, Any], old: Mapping[str, Any], base: Mapping[str, Any]
) -> dict[str, Any]:
    """Documents that were proposed against ``old``, as they follow from another base."""
    policy = documents["router_policy"]
    silent = {**documents, "router_policy": _without_history(policy)}
    is_authors = with_earlier_weights(silent, old)["router_policy"] != policy
    return with_earlier_weights(documents if is_authors else silent, base)


def _without_history(policy: Mapping[str, Any]) -> dict[str, Any]:
    def silent(route: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in route.items() if key != "earlier_weights"}

    rules = [{**rule, "route": silent(rule["route"])} for rule in policy["rules"]]
    return {**policy, "rules": rules, "default": silent(policy["default"])}


def _policy_from(policy: Any, base: Any) -> Any:
    try:
        old, new = parse_router_policy(base), parse_router_policy(policy)
    except DocumentError:
        return policy
    raw = [*(rule["route"] for rule in policy.get("rules", [])), policy["default"]]
    *routed, default = [
        _with(entry, route.earlier_weights, history)
        for entry, (_, route), history in zip(raw, new.routes(), _histories(new, old), strict=True)
    ]
    rules = [
        {**rule, "route": entry}
        for rule, entry in zip(policy.get("rules", []), routed, strict=True)
    ]
    return {**policy, **({"rules": rules} if "rules" in policy else {}), "default": default}


def _with(raw: Mapping[str, Any], written: History, history: History) -> Mapping[str, Any]:
    if history == written:
        return raw
    rest = {key: value for key, value in raw.items() if key != "earlier_weights"}
    return rest if history is None else {**rest, "earlier_weights": list(map(dict, history))}


def _histories(new: RouterPolicy, old: RouterPolicy) -> Iterator[History]:
    """Of each route of the new policy."""
    before = [(name, route) for name, route in old.routes() if route.select == "weighted"]
    for name, route in new.routes():
        alike = [found for found in before if found[1].salt == route.salt]
        own = [found for found in before if found[0] == name]
        # A salt that several rules share says which of them only together with the name.
        same = alike if len(alike) == 1 else [found for found in alike if found in own]
        if route.select == "weighted" and same:
            yield _history(route, same[0][1])
        elif own and _goes_on(route.earlier_weights, own[0][1]):
            yield None  # dealt anew with another salt, or no split any more
        else:
            yield route.earlier_weights


def _history(route: Route, base: Route) -> History:
    """The earlier weights of a split whose last state is the base's."""
    if not _goes_on(route.earlier_weights, base):
        return route.earlier_weights
    now, states = route.all_weights[-1], base.all_weights
    if _same_shares(now, states[-1]):
        return base.earlier_weights
    for place in reversed(range(len(states) - 1)):
        if _same_shares(now, states[place]) and _moves_least(states, states[: place + 1]):
            return states[:place] or None  # as it was then: those who had moved come back
    return states


def _goes_on(written: History, base: Route) -> bool:
    """Whether a history was taken from the base, or from a release before or after it, rather
    than written by an author: nothing is said of it, or it is the same as far as both reach. To
    say that there is none is an author's word, unless the base says so, too.
    """
    if written is None:
        return True
    if not written:
        return base.earlier_weights == ()
    shared = min(len(written), len(base.all_weights))
    return written[:shared] == base.all_weights[:shared]


def _same_shares(one: Weights, other: Weights) -> bool:
    return least_moved(one, other) < ROUNDING and set(shares_of(one)) == set(shares_of(other))


def _moves_least(before: tuple[Weights, ...], after: tuple[Weights, ...]) -> bool:
    moved = sum(moved_shares(before, after).values())
    return moved <= least_moved(before[-1], after[-1]) + ROUNDING
