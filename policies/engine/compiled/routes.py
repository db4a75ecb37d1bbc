"""A route made ready: what does not depend on the request is worked out once."""

from __future__ import annotations

from collections.abc import Callable

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
from .making import Fields, Outcome, template_of

# Models in order for a request of these sizes.
Order = Callable[[int | None, int | None], tuple[str, ...]]
INFINITE = float("inf")
_new = object.__new__


class ReadyRoute:
    """A rule's route. ``decision`` gives None where the reference has to be asked: where size or
    cost excludes a candidate, or none is left.
    """

    def __init__(self, bundle: Bundle, rule_id: str, route: Route) -> None:
        self.rule_id = rule_id
        self.is_weighted = route.select == "weighted"
        self._route = route
        limits = route.constraints
        self._limits = {"regions": limits.regions, "capabilities": limits.capabilities}
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
        self._kept: dict[Outcome, Decision] = {}
        self._templates: dict[Outcome, Fields] = {}

    def decision(self, outcome: Outcome, request: Request, key: str) -> Decision | None:
        """``key`` is what a split hashes."""
        sent, written = request.input_tokens, request.max_output_tokens
        keeps = sent is None and written is None and not self.is_weighted
        if keeps and (kept := self._kept.get(outcome)):
            return kept
        if type(sent) is not int or not 0 <= sent <= LARGEST_EXACT_INTEGER:
            sent = known_size(sent)
        if type(written) is not int or not 0 <= written <= LARGEST_EXACT_INTEGER:
            written = known_size(written)
        requirements = _new(Requirements)
        requirements.__dict__.update(self._limits, input_tokens=sent, max_output_tokens=written)
        made = _new(Decision)
        fields = made.__dict__
        fields.update(self._templates.get(outcome) or self._template(outcome))
        fields["requirements"] = requirements
        if self._has_limits or not self._names:
            found = self._unchecked(requirements)
            if found is None:
                return None
            fields["unchecked"] = found
        if self.is_weighted:
            fields["bucket"] = bucket(self._route.salt, key)
            if self._is_split:
                fields["candidates"] = names = self._dealt(key)
                fields["model"] = names[0]
                unchecked = fields["unchecked"]
                fields["unchecked"] = unchecked if key else (*unchecked, NO_SPLIT_KEY)
        elif self._by_price is not None:
            fields["candidates"] = names = self._by_price(sent, written)
            fields["model"] = names[0]
        if keeps:
            self._kept[outcome] = made
        return made

    def _template(self, outcome: Outcome) -> Fields:
        made = template_of(outcome, self.rule_id, self._names, self._excluded)
        return self._templates.setdefault(outcome, made)

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
        scores = [
            (drawn(text + candidate.model) / candidate.weight, place)
            for place, candidate in enumerate(self._remaining)
        ]
        return _sorted(self._names, scores)


def by_price(models: list[Model]) -> Order:
    """The cheapest first, as ``decision.ranking_cost`` has it."""
    names = tuple(model.name for model in models)

    def by_tiers(sent: int | None, written: int | None) -> tuple[str, ...]:
        sizes = _typical(sent, written)
        costs = [model.estimated_cost_usd(*sizes) for model in models]
        ranked = [(INFINITE if cost is None else cost, place) for place, cost in enumerate(costs)]
        return _sorted(names, ranked)

    flat = [
        (model.input_usd_per_mtok, model.output_usd_per_mtok, place)
        for place, model in enumerate(models)
        if model.input_usd_per_mtok is not None and model.output_usd_per_mtok is not None
    ]

    def by_flat_prices(sent: int | None, written: int | None) -> tuple[str, ...]:
        known, asked = _typical(sent, written)
        return _sorted(
            names,
            [
                ((known * reading + asked * writing) / TOKENS_PER_PRICE, place)
                for reading, writing, place in flat
            ],
        )

    is_flat = len(flat) == len(models) and not any(model.price_tiers for model in models)
    return by_flat_prices if is_flat else by_tiers


def _typical(sent: int | None, written: int | None) -> tuple[int, int]:
    return (
        TYPICAL_INPUT_TOKENS if sent is None else sent,
        TYPICAL_OUTPUT_TOKENS if written is None else written,
    )


def _sorted(names: tuple[str, ...], scores: list[tuple[float, int]]) -> tuple[str, ...]:
    """Names by the score of their place; of the same score, the earlier first."""
    scores.sort()
    return tuple([names[place] for _, place in scores])
