"""Whether a model may serve a request: one answer for routes and for fallbacks."""

from __future__ import annotations

from dataclasses import dataclass

from policies.engine.catalogue import Catalogue, Model
from policies.engine.reading import quoted


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A model that may not serve. ``reason``: unknown_model, retired, zero_weight, region,
    capability, cost or context (and open_breaker in chains). ``sentence`` is for people.
    """

    model: str
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Requirements:
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


def lacks_room(model: Model, tokens: int | None) -> Exclusion | None:
    """Excludes models whose context window is smaller than the request; unknown sizes pass."""
    if tokens is None or model.context_window is None or tokens <= model.context_window:
        return None
    sentence = f"{model.name} holds {model.context_window} tokens; the request needs {tokens}."
    return Exclusion(model.name, "context", sentence)


def estimated_cost(model: Model, requirements: Requirements) -> float | None:
    """USD of one attempt at full output; None where a size or a price is unknown."""
    if requirements.input_tokens is None or requirements.max_output_tokens is None:
        return None
    return model.estimated_cost_usd(requirements.input_tokens, requirements.max_output_tokens)


def costs_too_much(model: Model, requirements: Requirements, limit_usd: float) -> Exclusion | None:
    """Excludes models whose estimated cost is above the limit; unknown costs pass."""
    cost = estimated_cost(model, requirements)
    if cost is None or cost <= limit_usd:
        return None
    sentence = f"{model.name} would cost about {cost:.6g} USD; at most {limit_usd:.6g} is allowed."
    return Exclusion(model.name, "cost", sentence)
