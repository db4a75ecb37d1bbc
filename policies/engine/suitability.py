"""Whether a model may serve a request: one answer for routes and for fallbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .catalogue import TOKENS_PER_PRICE, Catalogue, Model
from .reading import quoted


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A model that may not serve. ``reason``: unknown_model, retired, zero_weight, region,
    capability, cost or context (and open_breaker in chains). ``sentence`` is for people.
    """

    model: str
    reason: str
    sentence: str


class Requirements(NamedTuple):
    """What the route asked of a model, and the request's size in tokens where known."""

    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    input_tokens: int | None = None
    max_output_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        if self.input_tokens is None or self.max_output_tokens is None:
            return None
        return self.input_tokens + self.max_output_tokens

    @property
    def least_tokens(self) -> int | None:
        """What the request takes at least: the sizes that are known; None where neither is."""
        if self.input_tokens is None and self.max_output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.max_output_tokens or 0)


def lacks_service(catalogue: Catalogue, name: str) -> Exclusion | None:
    """Excludes models that the catalogue does not list or that are retired."""
    model = catalogue.models.get(name)
    if model is None:
        return Exclusion(name, "unknown_model", f"{name} is not in the catalogue.")
    if model.status == "retired":
        return Exclusion(name, "retired", f"{name} is retired.")
    return None


def lacks_region(model: Model, regions: tuple[str, ...]) -> Exclusion | None:
    """Excludes models that run in none of the wanted regions."""
    if not regions or set(regions) & set(model.regions):
        return None
    offered = quoted(model.regions) or "no known region"
    sentence = f"{model.name} runs in {offered}; needed is one of {quoted(regions)}."
    return Exclusion(model.name, "region", sentence)


def lacks_capability(model: Model, capabilities: tuple[str, ...]) -> Exclusion | None:
    """Excludes models that lack any of the wanted capabilities."""
    missing = [wanted for wanted in capabilities if wanted not in model.capabilities]
    if not missing:
        return None
    return Exclusion(model.name, "capability", f"{model.name} lacks {quoted(missing)}.")


def lacks_room(model: Model, requirements: Requirements) -> Exclusion | None:
    """Excludes models whose context window is smaller than what is known of the request."""
    tokens, window = requirements.least_tokens, model.context_window
    if tokens is None or window is None or tokens <= window:
        return None
    needs = "needs" if requirements.total_tokens is not None else "needs at least"
    sentence = f"{model.name} holds {window} tokens; the request {needs} {tokens}."
    return Exclusion(model.name, "context", sentence)


def is_outgrown(model: Model, exceeded: int | None) -> Exclusion | None:
    """Excludes models whose context window is no larger than one that was too small before."""
    window = model.context_window
    if exceeded is None or window is None or window > exceeded:
        return None
    sentence = f"{model.name} holds {window} tokens; the request is longer than {exceeded}."
    return Exclusion(model.name, "context", sentence)


def estimated_cost(model: Model, requirements: Requirements) -> float | None:
    """USD of one attempt at full output; None where a size or a price is unknown."""
    if requirements.input_tokens is None or requirements.max_output_tokens is None:
        return None
    return model.estimated_cost_usd(requirements.input_tokens, requirements.max_output_tokens)


def least_cost(model: Model, requirements: Requirements) -> float:
    """USD of one attempt as far as sizes and prices are known: it cannot cost less."""
    known = (
        (requirements.input_tokens, model.input_usd_per_mtok),
        (requirements.max_output_tokens, model.output_usd_per_mtok),
    )
    spent = sum(size * price for size, price in known if size is not None and price is not None)
    return spent / TOKENS_PER_PRICE


def costs_too_much(model: Model, requirements: Requirements, limit_usd: float) -> Exclusion | None:
    """Excludes models that cost more than the limit at what is known of sizes and prices."""
    cost = estimated_cost(model, requirements)
    about = "about" if cost is not None else "at least"
    cost = least_cost(model, requirements) if cost is None else cost
    if cost <= limit_usd:
        return None
    limit = f"at most {limit_usd:.6g} is allowed"
    sentence = f"{model.name} would cost {about} {cost:.6g} USD; {limit}."
    return Exclusion(model.name, "cost", sentence)
