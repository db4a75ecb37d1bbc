"""LiteLLM's price map (`model_prices_and_context_window.json`) read, judged and compared. Pure."""

from policies.pricing.comparison import Held, Row, RowKind, compare
from policies.pricing.plausibility import Doubt, doubts_of
from policies.pricing.price_map import Entry, PriceMap, read_price_map

__all__ = [
    "Doubt",
    "Entry",
    "Held",
    "PriceMap",
    "Row",
    "RowKind",
    "compare",
    "doubts_of",
    "read_price_map",
]
