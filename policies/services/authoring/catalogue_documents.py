"""The catalogue as a document that bundles are composed with."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from policies.models import CatalogueModel, Provider
from policies.pricing.rates import Tier


def catalogue_document(
    day: datetime.date | None = None, *, only: Collection[str] | None = None
) -> dict[str, Any]:
    """The catalogue as a document, at the prices in force on a day (default today); of all models
    or `only` of the named ones.

    A model without a price by then is left out: a policy that names it gets an error that says so.
    Prices by the hour are left out, since routers decide alike at every hour; tiers are in it.
    """
    day = day or timezone.now().date()
    rows = CatalogueModel.objects.select_related("provider").prefetch_related("prices")
    models = {}
    for model in rows if only is None else rows.filter(key__in=only):
        price = model.price_on(day)
        if price is None:
            continue
        tiers = [_tier(tier) for tier in price.rates.tiers]
        models[model.key] = {
            "provider": model.provider.slug,
            "label": model.label or model.key,
            "context_window": model.context_window,
            "regions": sorted(model.regions),
            "capabilities": sorted(model.capabilities),
            "status": model.status,
            "input_usd_per_mtok": float(price.input_usd_per_mtok),
            "output_usd_per_mtok": float(price.output_usd_per_mtok),
            **({"price_tiers": tiers} if tiers else {}),
        }
    providers = {provider.slug: {"label": provider.label} for provider in Provider.objects.all()}
    return {"providers": providers, "models": models}


def _tier(tier: Tier) -> dict[str, Any]:
    return {
        "above_input_tokens": tier.above_input_tokens,
        "input_usd_per_mtok": float(tier.input_usd_per_mtok),
        "output_usd_per_mtok": float(tier.output_usd_per_mtok),
    }
