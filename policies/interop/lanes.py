"""A bundle as gateways can have it: named lanes, each with its models and where to go after them.

A gateway knows neither classes nor attributes, so each route becomes a lane that the caller names,
and what can be settled beforehand (regions, capabilities, retired models) is settled here.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.engine import Bundle, Requirements, full_chain
from policies.engine.catalogue import Model
from policies.engine.conditions import Condition, In
from policies.engine.decision import exclusions, ranking_cost
from policies.engine.fallback import ANSWERABLE, OUTAGES, REPEATING
from policies.engine.routing import DEFAULT_RULE, Candidate, Route
from policies.interop.losses import Losses

CONTEXT, CONTENT = "context_window", "content_policy"
# What a gateway sees of a call; whether an answer is good enough is the caller's to judge.
SEEN = tuple(k for k in ANSWERABLE if k not in ("low_quality", "invalid_output", "budget_exceeded"))
GENERAL = tuple(k for k in SEEN if k not in (CONTEXT, CONTENT, "stream_interrupted"))
# What a provider answers where a failure is of a kind; of the others it answers nothing.
STATUSES: dict[str, tuple[int, ...]] = {
    "rate_limit": (429,),
    "quota_exhausted": (402, 429),
    "timeout": (408, 504),
    "server_error": (500, 502),
    "overloaded": (503, 529),
    "auth": (401, 403),
    "not_found": (404,),
}
# Of which no status tells one kind from another.
UNTOLD = ("content_policy", "context_window", "capability_unsupported")


@dataclass(frozen=True, slots=True)
class Share:
    """A model of a lane; the weight counts in splits only."""

    model: str
    weight: float = 1


@dataclass(frozen=True)
class Lane:
    """``name`` is what the caller asks for. A split has several shares, any other lane one.

    ``rule`` is the id of the policy's rule, or "default"; ``when`` is None for the default route.
    """

    name: str
    rule: str
    when: Condition | None
    shares: tuple[Share, ...]
    classes: tuple[str, ...]

    @property
    def is_split(self) -> bool:
        return len(self.shares) > 1


def lanes_of(bundle: Bundle, losses: Losses) -> tuple[Lane, ...]:
    """The lanes of a policy in the order of its rules, the default last; tells what gets lost."""
    names = _names(bundle)
    found = []
    for index, (rule_id, route) in enumerate(bundle.router_policy.routes()):
        is_default = rule_id == DEFAULT_RULE
        rule = None if is_default else bundle.router_policy.rules[index]
        place = f"/router_policy/rules/{index}" if rule else "/router_policy/default"
        shares = _shares(bundle, rule_id, route, f"{place}/route" if rule else place, losses)
        if shares:
            when = rule.when if rule else None
            is_itself = len(shares) == 1 and shares[0].model == rule_id
            name = rule_id if is_itself else names[rule_id]
            found.append(Lane(name, rule_id, when, shares, _classes(bundle, when)))
    return tuple(found)


def _names(bundle: Bundle) -> dict[str, str]:
    """What to call the lane of each rule, by its id: nothing that a model or another rule is."""
    models, ids = set(bundle.model_names()), [key for key, _ in bundle.router_policy.routes()]
    taken = models | set(ids)
    found = {}
    for key in ids:
        name = key
        if key in models:
            while name in taken:
                name = f"route-{name}"
        taken.add(name)
        found[key] = name
    return found


def tell_what_no_gateway_has(bundle: Bundle, lanes: tuple[Lane, ...], losses: Losses) -> None:
    """Parts of a bundle that are left out whatever the format."""
    if len(bundle.router_policy.routes()) > 1:
        losses.caller(
            "/request_classification",
            "Requests are not classified there: decide on the class with the engine or a client.",
        )
    limits = bundle.fallback_matrix.limits
    if limits.cost_cap_usd is not None:
        losses.dropped("/fallback_matrix/limits/cost_cap_usd", "No chain is stopped by its cost.")
    if limits.retry_budget is not None:
        losses.dropped("/fallback_matrix/limits/retry_budget", "Retries are not budgeted.")
    if bundle.quality_thresholds.thresholds:
        losses.dropped("/quality_thresholds", "Thresholds are judged in the console, not there.")
    if bundle.router_policy.sticky_on and any(lane.is_split for lane in lanes):
        losses.approximated(
            "/router_policy/sticky_on",
            "Splits are drawn anew for each request; conversations may change their model.",
        )


@dataclass(frozen=True, slots=True)
class After:
    """Where to go after a model, in order: for most failures, a full context, a refused content."""

    general: tuple[str, ...]
    context: tuple[str, ...]
    content: tuple[str, ...]


def after(bundle: Bundle, model: str, classes: tuple[str, ...], losses: Losses) -> After:
    """The fallbacks of one model, in one list a kind of failure that gateways tell apart."""
    chains = {
        kind: dict.fromkeys(full_chain(bundle, key, model, kind) for key in classes)
        for kind in SEEN
    }
    wanted = [chain for kind in (*OUTAGES, *GENERAL) for chain in chains[kind]]
    general = _merged(wanted)
    if any(chain != general for chain in wanted):
        losses.approximated(
            "/fallback_matrix/rows",
            f"After {model}, one list stands for all failures and classes: "
            f"{', '.join(general) or 'none'}.",
        )
    return After(general, _merged(list(chains[CONTEXT])), _merged(list(chains[CONTENT])))


def retries_after(bundle: Bundle, model: str, classes: tuple[str, ...], losses: Losses) -> int:
    """How often a model is tried again after most failures."""
    kinds = [kind for kind in GENERAL if kind not in REPEATING]
    matrix = bundle.fallback_matrix
    rows = [matrix.row_for(model, key, kind) for key in classes for kind in kinds]
    counts = {row.retries.count if row else 0 for row in rows}
    if counts != {0}:
        times = "once" if max(counts) == 1 else f"{max(counts)} times"
        losses.approximated(
            "/fallback_matrix/rows",
            f"{model} is tried again {times} at most, whatever failed; waits are the "
            "gateway's own.",
        )
    return max(counts)


def _merged(chains: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target for chain in chains for target in chain))


def _classes(bundle: Bundle, when: Condition | None) -> tuple[str, ...]:
    """The classes that a lane's requests can be of."""
    every = tuple(bundle.request_classification.class_keys)
    if when is None:
        return every
    found: list[str] = []
    for box in when.boxes:
        test = dict(box.tests).get("class")
        if not isinstance(test, In):
            return every
        found += test.values
    return tuple(dict.fromkeys(found))


def _shares(
    bundle: Bundle, rule_id: str, route: Route, place: str, losses: Losses
) -> tuple[Share, ...]:
    left = [
        candidate
        for candidate in route.candidates
        if next(exclusions(bundle.catalogue, route, candidate, Requirements()), None) is None
    ]
    _tell_constraints(route, place, losses)
    if not left:
        return _without_candidates(bundle, rule_id, route, place, losses)
    if route.select == "weighted" and len(left) > 1:
        losses.approximated(f"{place}/select", _SPLIT)
        return tuple(Share(candidate.model, candidate.weight) for candidate in left)
    if route.select == "cheapest":
        return (Share(_cheapest(bundle, left, place, losses)),)
    losses.exact(f"{place}/candidates", f"Goes to {left[0].model}.")
    return (Share(left[0].model),)


_SPLIT = "The shares are kept; who gets which model is drawn there, not by the split's salt."


def _tell_constraints(route: Route, place: str, losses: Losses) -> None:
    if route.constraints.max_cost_usd is not None:
        losses.dropped(
            f"{place}/constraints/max_cost_usd", "What a request would cost is not estimated there."
        )
    if route.constraints.fits_context:
        losses.dropped(
            f"{place}/constraints/fits_context", "The size of a request leaves no candidate out."
        )


def _without_candidates(
    bundle: Bundle, rule_id: str, route: Route, place: str, losses: Losses
) -> tuple[Share, ...]:
    if route.on_no_candidate == "default" and rule_id != DEFAULT_RULE:
        default = bundle.router_policy.default
        return _shares(bundle, DEFAULT_RULE, default, "/router_policy/default", losses)
    losses.dropped(place, "No candidate may serve, and a lane without a model cannot be written.")
    return ()


def _cheapest(bundle: Bundle, left: list[Candidate], place: str, losses: Losses) -> str:
    models = bundle.catalogue.models
    ranked = sorted(left, key=lambda c: ranking_cost(bundle.catalogue, c.model, Requirements()))
    best = models[ranked[0].model]
    if all(_is_never_dearer(best, models[other.model]) for other in ranked[1:]):
        losses.exact(f"{place}/select", f"{best.name} is the cheapest at any size.")
    else:
        losses.approximated(
            f"{place}/select",
            f"{best.name} is the cheapest at typical sizes; at others it may not be.",
        )
    return best.name


def _is_never_dearer(best: Model, other: Model) -> bool:
    if best.price_tiers or other.price_tiers:
        return False
    ours = (best.input_usd_per_mtok, best.output_usd_per_mtok)
    theirs = (other.input_usd_per_mtok, other.output_usd_per_mtok)
    if None in ours:
        return False
    if None in theirs:
        return True
    return all(a < b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None)
