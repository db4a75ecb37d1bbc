"""The most that one call may cost: of models that a dataset records, and of those that it does not.

What nobody recorded has no cost but its price. Where the dataset counts tokens, a model that it
lacks is taken at its dearest tier for the most tokens of any call; else as many times as dear as
each recorded model as its price is, for that model's dearest call.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evaluations.replay.outcome import NANO
from policies.engine import Bundle
from policies.engine.catalogue import TOKENS_PER_PRICE, Model

Prices = tuple[float, float]  # of input and of output tokens


@dataclass(frozen=True, slots=True)
class RecordedCosts:
    """`dearest`: by model, its dearest call in 10⁻⁹ US dollars; 0 where no cost is recorded.

    `tokens`: the most (input, output) tokens of a call; None where a call that cost something
    does not count them.
    """

    dearest: Mapping[str, int]
    tokens: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that one call may cost, in 10⁻⁹ US dollars: of a model that the dataset
    records, and of any. `unpriced`: models of the candidate that nothing bounds.
    """

    recorded: int = 0
    anywhere: int = 0
    unpriced: tuple[str, ...] = ()


def cost_ceilings(candidate: Bundle, baseline: Bundle, recorded: RecordedCosts) -> Ceilings:
    """From what is recorded, and from the prices in both bundles."""
    known = {**baseline.catalogue.models, **candidate.catalogue.models}
    missing = sorted(candidate.model_names() - recorded.dearest.keys())
    found = {name: _ceiling(known.get(name), known, recorded) for name in missing}
    dearest = max(recorded.dearest.values(), default=0)
    return Ceilings(
        recorded=dearest,
        anywhere=max([dearest, *(cost for cost in found.values() if cost is not None)]),
        unpriced=tuple(name for name, cost in found.items() if cost is None),
    )


def _ceiling(
    model: Model | None, known: Mapping[str, Model], recorded: RecordedCosts
) -> int | None:
    """What a call of a model that nobody recorded costs at most; None where nothing says so."""
    prices = _tiers(model)
    if not prices:
        return None
    if recorded.tokens is not None:
        sent, received = recorded.tokens
        dollars = max(sent * first + received * second for first, second in prices)
        return math.ceil(dollars / TOKENS_PER_PRICE * NANO)
    costs = [
        math.ceil(cost * times)
        for name, cost in recorded.dearest.items()
        if cost and (times := _times_as_dear(prices, _tiers(known.get(name)))) is not None
    ]
    return max(costs, default=None)


def _tiers(model: Model | None) -> list[Prices]:
    """A model's prices at all sizes of request; none where one is unknown."""
    if model is None or model.input_usd_per_mtok is None or model.output_usd_per_mtok is None:
        return []
    own = (model.input_usd_per_mtok, model.output_usd_per_mtok)
    return [own, *((t.input_usd_per_mtok, t.output_usd_per_mtok) for t in model.price_tiers)]


def _times_as_dear(prices: list[Prices], others: list[Prices]) -> float | None:
    """The dearest tier over the cheapest one of another model; None where that is unknown or free
    and this one is not.
    """
    ratios = list(_ratios(prices, others))
    return max(ratios) if ratios and math.isfinite(max(ratios)) else None


def _ratios(prices: list[Prices], others: list[Prices]) -> Iterator[float]:
    for mine in prices:
        for other in others:
            for price, than in zip(mine, other, strict=True):
                yield price / than if than else math.inf if price else 0.0
