"""What requests cost whose routers did not say: by the catalogue's prices as of the request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db.models import BigIntegerField

from evaluations.outcomes.summaries import Summary
from policies.engine.outcomes.events import Event, is_priced_by_tokens
from policies.models import CatalogueModel, ModelPrice

# USD per million tokens times tokens, in 10^-9 USD: 10^9 / 10^6.
NANO_PER_MTOK_USD = 1000


def compute_costs(events: Sequence[Event]) -> set[str]:
    """Price the events that came without a cost, where it can be told; their request ids."""
    without = [event for event in events if is_priced_by_tokens(event)]
    catalogue = _priced_models({event.served_model or "" for event in without})
    computed = set()
    for event in without:
        price = _price(catalogue, event)
        if price is not None:
            sent, written = event.input_tokens or 0, event.output_tokens or 0
            rates = price.rates.at(event.time, sent)
            event.cost_nusd = _nano_usd(rates, sent, written)
            computed.add(event.request_id)
    return computed


def compute_costs_of_sums(summaries: Sequence[Summary]) -> None:
    """Price the sums of requests that came without a cost, where one price holds for all of them:
    the router sums by the sizes at which prices change, as its release knows them.
    """
    without = [
        summary
        for summary in summaries
        if summary.unpriced and summary.shared.served_model and len(summary.shared.attempts) <= 1
    ]
    catalogue = _priced_models({summary.shared.served_model or "" for summary in without})
    for summary in without:
        price, moment = _price(catalogue, summary.shared), summary.shared.time
        if price is None:
            continue
        low, high = summary.unpriced or (0, 0)
        above = [tier.above_input_tokens for tier in price.rates.tiers]
        sizes = [low, *(size + 1 for size in above if low <= size < high)]
        rates = {price.rates.at(moment, size) for size in sizes}
        if len(rates) == 1:
            tokens = summary.input_tokens, summary.output_tokens
            # No price and size is too large to be told, but their product may be for its column.
            summary.cost_nusd = min(_nano_usd(rates.pop(), *tokens), BigIntegerField.MAX_BIGINT)
            summary.cost_known = summary.requests


def _priced_models(names: Collection[str]) -> dict[str, CatalogueModel]:
    models = CatalogueModel.objects.filter(key__in=names).prefetch_related("prices")
    return {model.key: model for model in models} if names else {}


def _price(catalogue: dict[str, CatalogueModel], event: Event) -> ModelPrice | None:
    model = catalogue.get(event.served_model or "")
    return model.price_on(event.time.date()) if model else None


def _nano_usd(rates: tuple[Decimal, Decimal], sent: int, written: int) -> int:
    """In 10^-9 USD, of tokens at prices of USD per million."""
    price_in, price_out = rates
    return round((price_in * sent + price_out * written) * NANO_PER_MTOK_USD)
