"""What an answer of LiteLLM says of tokens and money. Unknown stays unknown, and is never 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens of a whole request; None where the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None


def usage_of(response: Any) -> Usage:
    """The tokens that a response, or the last chunk of a stream, tells of."""
    usage = _member(response, "usage")
    found = Usage(
        _count(_member(usage, "prompt_tokens")), _count(_member(usage, "completion_tokens"))
    )
    # LiteLLM writes 0 and 0 where the provider said nothing; no request is made of no tokens.
    return Usage() if found == Usage(0, 0) else found


def is_estimate(opened: Any) -> bool:
    """Whether the token counts of a stream that was read are LiteLLM's own.

    It counts words itself where the provider sent no counts; those are in none of the chunks that
    came, which its stream keeps.
    """
    came = getattr(opened, "chunks", None)
    return came is not None and all(usage_of(chunk) == Usage() for chunk in came)


def cost_usd_of(response: Any) -> float | None:
    """What LiteLLM reckons that a call cost, in US dollars; None where it has no price.

    LiteLLM says 0.0 of a model whose price it does not know. Sent as `cost_usd` that would count as
    free and take precedence over the price of the catalogue, so 0 is taken as not known.
    """
    hidden = _member(response, "_hidden_params")
    cost = _member(hidden, "response_cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    return float(cost) if math.isfinite(cost) and cost > 0 else None


def _member(holder: Any, name: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(name)
    return getattr(holder, name, None)


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value
