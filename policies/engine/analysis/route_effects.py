"""What routes do, stripped of how they are written, and which of their candidates can serve."""

from __future__ import annotations

from collections.abc import Hashable

from ..catalogue import Catalogue
from ..routing import Candidate, Route
from ..suitability import Exclusion, lacks_capability, lacks_region, lacks_service


def never_served_by(catalogue: Catalogue, route: Route, candidate: Candidate) -> Exclusion | None:
    """Why a route can never choose a candidate, whatever the request; None if it can.

    Cost and context exclude no candidate for good: a request may be small, or not say its size.
    """
    out = lacks_service(catalogue, candidate.model)
    if out:
        return out
    if route.select == "weighted" and candidate.weight <= 0:
        sentence = f"{candidate.model} has weight 0 and takes no traffic."
        return Exclusion(candidate.model, "zero_weight", sentence)
    model = catalogue.models[candidate.model]
    out = lacks_region(model, route.constraints.regions)
    return out or lacks_capability(model, route.constraints.capabilities)


def able(catalogue: Catalogue, route: Route) -> tuple[Candidate, ...]:
    """The candidates that a route can choose for some request."""
    return tuple(
        candidate
        for candidate in route.candidates
        if never_served_by(catalogue, route, candidate) is None
    )


def effect_of(catalogue: Catalogue, route: Route, default: Route) -> Hashable:
    """Routes with equal effects give every request the same models, in the same order, under the
    same requirements.
    """
    own, last = _own_effect(catalogue, route), _own_effect(catalogue, default)
    if route.on_no_candidate == "refuse" or own == last:
        return own, None
    if not able(catalogue, route):
        return last, None
    limits = route.constraints
    always_serves = limits.max_cost_usd is None and not limits.fits_context
    return own, None if always_serves else last


def _own_effect(catalogue: Catalogue, route: Route) -> Hashable:
    """Weights and salt matter only where a split chooses between several candidates. With earlier
    weights, those of candidates that can never serve do, too: which keys were theirs.
    """
    candidates = able(catalogue, route)
    weighs = route.select == "weighted" and len(candidates) > 1
    limits = route.constraints
    return (
        route.select if len(candidates) > 1 else "ordered",
        tuple((entry.model, entry.weight if weighs else 1) for entry in candidates),
        route.salt if weighs else "",
        route.all_weights if weighs and route.steps else (),
        frozenset(limits.regions),
        frozenset(limits.capabilities),
        limits.max_cost_usd,
        limits.fits_context,
    )


def words_of(route: Route) -> str:
    """A route in a few words, for sentences."""
    models = [candidate.model for candidate in route.candidates]
    if route.select == "weighted":
        total = sum(candidate.weight for candidate in route.candidates) or 1
        parts = [f"{100 * entry.weight / total:.3g} % {entry.model}" for entry in route.candidates]
        return ", ".join(parts)
    lead = "the cheapest of " if route.select == "cheapest" else ""
    return lead + (" or " if lead else ", else ").join(models)
