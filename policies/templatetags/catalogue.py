"""How prices are written: to the last digit that matters, at least cents."""

from __future__ import annotations

from decimal import Decimal

from django import template

from policies.pricing.rates import dollars

register = template.Library()


@register.filter
def usd(price: Decimal) -> str:
    """``0.150000`` → ``$0.15``; ``0.0375`` keeps all its digits."""
    return dollars(price)
