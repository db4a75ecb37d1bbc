"""The blast radius in sentences, for those who decide and for the check that is kept of it."""

from __future__ import annotations

from evaluations.impact.result import CostChange, Impact
from policies.engine.fallback import OUTAGES
from policies.wording.numbers import MINUS, money, number, percent

# A request costs too little for its price to be read: amounts are told for so many.
PER = 1000
BASES = {
    "recorded": "as recorded",
    "estimated": "estimated from catalogue prices and token counts",
    "mixed": "partly recorded, partly estimated from catalogue prices",
    "unknown": "not known: no cost is recorded and no price is set",
}


def requests_named(impact: Impact) -> str:
    """``7,176 requests of “Support requests”``, or the part of them that was looked at."""
    seen = number(impact.looked_at)
    if impact.looked_at < impact.source.requests:
        seen = f"{seen} of the {number(impact.source.requests)}"
    return f"{seen} requests of {impact.source.name}"


def headline(impact: Impact) -> str:
    """One sentence: how many requests, and what becomes of them."""
    if not impact.looked_at:
        return "There are no recorded requests to look at yet."
    if not impact.base_digest:
        return f"First release: {_destinations(impact)} of {requests_named(impact)}."
    if impact.is_unmeasured:
        return f"Unmeasured: none of {requests_named(impact)} reaches what changed."
    if not impact.total.affected:
        return f"None of {requests_named(impact)} would be treated differently."
    parts = [
        (impact.rerouted_share, "would go to another model"),
        (impact.class_changed_share, "would change class"),
        (_another_chain(impact), "would have another fallback chain"),
        (impact.fallback_lost_share, "would have no fallback any more"),
    ]
    said = [f"{share_text(share)} {words}" for share, words in parts if share]
    first, *rest = said
    where, _, then = first.partition(" would ")
    sentence = f"{where} of {requests_named(impact)} would {then}"
    return _series([sentence, *rest]) + "."


def cost_sentence(impact: Impact) -> str:
    """What it costs per request, on what that rests, and how sure it is; empty without requests."""
    cost = impact.cost
    if not impact.looked_at or impact.is_unmeasured:
        return ""
    if cost.basis == "unknown":
        return f"What it costs is {BASES['unknown']}."
    if not impact.base_digest:
        mean = per_thousand(cost.candidate_mean_usd)
        return f"{number(PER)} requests cost {mean}, {BASES[cost.basis]}."
    if not impact.total.model_changed:
        return "The cost stays as it is."
    change = f"{per_thousand(cost.mean_usd, signed=True)} per {number(PER)} requests"
    relative = "" if cost.relative is None else f" ({signed_percent(cost.relative)})"
    return f"Cost {change}{relative}, {BASES[cost.basis]}{_interval(cost)}."


def notices(impact: Impact) -> list[str]:
    """What a reviewer must not overlook: lost fallbacks, residency, providers, what is unmeasured,
    thresholds."""
    said = _lost(impact)
    if impact.total.residency_changed and impact.base_digest:
        gained = ", ".join(impact.regions_gained)
        more = f", newly in {gained}" if gained else ", in fewer regions than before"
        some = _requests(impact.residency_changed_share)
        said.append(f"{some} go to a model that runs elsewhere{more}.")
    if impact.new_providers and impact.base_digest:
        named = ", ".join(impact.new_providers)
        noun = "New provider" if len(impact.new_providers) == 1 else "New providers"
        reach = impact.total.share(impact.new_provider_requests)
        reached = f": {_requests(reach).lower()} reach it, first or in a fallback"
        said.append(f"{noun} {named}{reached if impact.looked_at else ''}.")
    if impact.unreached and impact.looked_at:
        named = "; ".join(part.words for part in impact.unreached)
        said.append(f"Unmeasured, as no request reaches it: {named}.")
    return [*said, *impact.loosened]


def _another_chain(impact: Impact) -> float | None:
    """Of those that fall back otherwise, the share that still falls back after every failure."""
    return impact.total.share(impact.total.chain_changed - impact.total.fallback_lost)


def _lost(impact: Impact) -> list[str]:
    if not impact.total.fallback_lost:
        return []
    some = _requests(impact.fallback_lost_share)
    kinds = [kind.replace("_", " ") for kind in impact.fallback_lost_on]
    every = len(kinds) == len(OUTAGES)
    after = "any failure" if every else f"these failures: {_series(kinds)}"
    return [f"{some} lose their fallback: no other model is tried after {after}."]


def _requests(share: float | None) -> str:
    return "All requests" if share == 1 else f"{share_text(share)} of requests"


def summary(impact: Impact) -> str:
    """The headline, the cost, and what must not be overlooked."""
    return " ".join(filter(None, (headline(impact), cost_sentence(impact), *notices(impact))))


def share_text(share: float | None) -> str:
    """A share, where a few of very many do not read as none."""
    if share is not None and 0 < share < 0.0005:
        return "under 0.1%"
    if share is not None and 0.9995 < share < 1:
        return "over 99.9%"
    return "all" if share == 1 else percent(share)


def per_thousand(usd: float | None, *, signed: bool = False) -> str:
    """US dollars of a request, as those of a thousand; no line may break after its minus."""
    text = money(None if usd is None else usd * PER)
    sign = "+" if signed and usd is not None and usd > 0 else ""
    return sign + text.replace(MINUS, f"{MINUS}\u2060")


def signed_percent(value: float | None) -> str:
    return f"+{percent(value)}" if value is not None and value > 0 else percent(value)


def _destinations(impact: Impact) -> str:
    models: dict[str, int] = {}
    for move in impact.moves:
        models[move.target or "no model"] = models.get(move.target or "no model", 0) + move.requests
    shares = [f"{share_text(impact.total.share(n))} go to {name}" for name, n in models.items()]
    return _series(shares)


def _interval(cost: CostChange) -> str:
    if cost.low_usd is None or cost.high_usd is None:
        return ""
    low, high = (per_thousand(bound, signed=True) for bound in (cost.low_usd, cost.high_usd))
    return f"; 95% interval {low} to {high}"


def _series(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
