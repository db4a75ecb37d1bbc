"""A route made ready: what does not depend on the request is worked out once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..bundle import Bundle
from ..canonical import LARGEST_EXACT_INTEGER
from ..catalogue import TOKENS_PER_PRICE, Model
from ..decision import (
    NO_SPLIT_KEY,
    TYPICAL_INPUT_TOKENS,
    TYPICAL_OUTPUT_TOKENS,
    Decision,
    exclusions,
)
from ..request import Request, known_size
from ..routing import Route
from ..splitting import bucket, by_history, drawn
from ..suitability import Requirements, costs_too_much, estimated_cost

# Models in order for a request of these sizes.
Order = Callable[[int | None, int | None], tuple[str, ...]]
INFINITE = float("inf")
# A named tuple's own constructor only passes its arguments on to this, and takes half of the time.
_filled = tuple.__new__


@dataclass(frozen=True, eq=False)
class Outcome:
    """What classification says, and the boxes of the policy that hold for its class."""

    class_key: str
    class_rule: str | None
    source: str
    policy_mask: int


class ReadyRoute:
    """A rule's route. ``decision`` gives None where the reference has to be asked: where size or
    cost excludes a candidate, or none is left.
    """

    def __init__(self, bundle: Bundle, rule_id: str, route: Route) -> None:
        self.rule_id = rule_id
        self.is_weighted = route.select == "weighted"
        self._route = route
        limits = route.constraints
        self._regions, self._capabilities = limits.regions, limits.capabilities
        anything = Requirements(limits.regions, limits.capabilities)
        verdicts = [
            (candidate, next(exclusions(bundle.catalogue, route, candidate, anything), None))
            for candidate in route.candidates
        ]
        self._excluded = tuple(out for _, out in verdicts if out is not None)
        self._remaining = [candidate for candidate, out in verdicts if out is None]
        self._names = tuple(candidate.model for candidate in self._remaining)
        self._models = [bundle.catalogue.models[name] for name in self._names]
        windows = [entry.context_window for entry in self._models]
        self._smallest_window = min((size for size in windows if size is not None), default=None)
        self._knows_windows = None not in windows
        self._has_limits = limits.max_cost_usd is not None or limits.fits_context
        several = len(self._names) > 1
        self._is_split = self.is_weighted and several
        self._by_price = by_price(self._models) if route.select == "cheapest" and several else None

    def decision(self, outcome: Outcome, request: Request, key: str) -> Decision | None:
        """``key`` is what a split hashes."""
        names = self._names
        unchecked: tuple[str, ...] = ()
        fell_in = None
        sent, written = request.input_tokens, request.max_output_tokens
        if type(sent) is not int or not 0 <= sent <= LARGEST_EXACT_INTEGER:
            sent = known_size(sent)
        if type(written) is not int or not 0 <= written <= LARGEST_EXACT_INTEGER:
            written = known_size(written)
        wanted = _filled(Requirements, (self._regions, self._capabilities, sent, written))
        if self._has_limits or not names:
            found = self._unchecked(wanted)
            if found is None:
                return None
            unchecked = found
        if self._by_price is not None:
            names = self._by_price(sent, written)
        elif self.is_weighted:
            fell_in = bucket(self._route.salt, key)
            if self._is_split:
                names = self._dealt(key)
                if not key:
                    unchecked = (*unchecked, NO_SPLIT_KEY)
        # fmt: off
        return _filled(Decision, (
            outcome.class_key, outcome.class_rule, outcome.source, self.rule_id, names[0], names,
            self._excluded, fell_in, None, unchecked, wanted, False,
        ))
        # fmt: on

    def _unchecked(self, requirements: Requirements) -> tuple[str, ...] | None:
        """Constraints that could not be applied in full; None where no candidate is left, or one
        is excluded.
        """
        limits = self._route.constraints
        unchecked: tuple[str, ...] = ()
        if not self._models:
            return None
        if limits.max_cost_usd is not None:
            for model in self._models:
                if costs_too_much(model, requirements, limits.max_cost_usd):
                    return None
            if any(estimated_cost(model, requirements) is None for model in self._models):
                unchecked = ("max_cost_usd",)
        if limits.fits_context:
            least, smallest = requirements.least_tokens, self._smallest_window
            if least is not None and smallest is not None and least > smallest:
                return None
            if not self._knows_windows or requirements.total_tokens is None:
                unchecked = (*unchecked, "fits_context")
        return unchecked

    def _dealt(self, key: str) -> tuple[str, ...]:
        route = self._route
        if route.steps:
            dealt = by_history(self._remaining, route.dealt(key))
            return tuple([candidate.model for candidate in dealt])
        text = f"{route.salt}:{key}:"
        scores = [drawn(text + candidate.model) / candidate.weight for candidate in self._remaining]
        return _sorted(self._names, scores)


def by_price(models: list[Model]) -> Order:
    """The cheapest first, as ``decision.ranking_cost`` has it."""
    flat = [
        (model.name, model.input_usd_per_mtok, model.output_usd_per_mtok)
        for model in models
        if model.input_usd_per_mtok is not None and model.output_usd_per_mtok is not None
    ]
    if len(flat) < len(models) or any(model.price_tiers for model in models):
        return _by_tiers(models)
    return _of_two(*flat) if len(flat) == 2 else _by_flat_prices(flat)


# A model's name, and what a million tokens of a request and of an answer cost with it.
Priced = tuple[str, float, float]


def _by_tiers(models: list[Model]) -> Order:
    names = tuple(model.name for model in models)

    def order(sent: int | None, written: int | None) -> tuple[str, ...]:
        sizes = _typical(sent, written)
        costs = [model.estimated_cost_usd(*sizes) for model in models]
        return _sorted(names, [INFINITE if cost is None else cost for cost in costs])

    return order


def _by_flat_prices(priced: list[Priced]) -> Order:
    names = tuple(name for name, _, _ in priced)

    def order(sent: int | None, written: int | None) -> tuple[str, ...]:
        known, asked = _typical(sent, written)
        costs = [
            (known * reading + asked * writing) / TOKENS_PER_PRICE for _, reading, writing in priced
        ]
        return _sorted(names, costs)

    return order


def _of_two(first: Priced, second: Priced) -> Order:
    """As ``_by_flat_prices``; most routes have two, and sorting takes longer than all the rest."""
    (name, reading, writing), (other, other_reading, other_writing) = first, second
    as_listed, turned = (name, other), (other, name)

    def order(sent: int | None, written: int | None) -> tuple[str, ...]:
        known = TYPICAL_INPUT_TOKENS if sent is None else sent
        asked = TYPICAL_OUTPUT_TOKENS if written is None else written
        cost = (known * reading + asked * writing) / TOKENS_PER_PRICE
        other_cost = (known * other_reading + asked * other_writing) / TOKENS_PER_PRICE
        return as_listed if cost <= other_cost else turned

    return order


def _typical(sent: int | None, written: int | None) -> tuple[int, int]:
    return (
        TYPICAL_INPUT_TOKENS if sent is None else sent,
        TYPICAL_OUTPUT_TOKENS if written is None else written,
    )


def _sorted(names: tuple[str, ...], scores: list[float]) -> tuple[str, ...]:
    """Names by the score of their place; of the same score, the earlier first."""
    return tuple([names[place] for place in sorted(range(len(names)), key=scores.__getitem__)])
