"""What a request would cost under each of two bundles: recorded, or reckoned from prices."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from evaluations.impact.sides import Side
from evaluations.impact.traffic import TrafficRequest, Use
from policies.engine import Bundle
from policies.engine.decision import TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS

NANO = 1_000_000_000
RECORDED, ESTIMATED = "recorded", "estimated"


@dataclass(frozen=True, slots=True)
class PairedCost:
    """Costs of one request in 10⁻⁹ US dollars. Both are recorded or both are estimated: a
    recorded cost less an estimated one would tell of the estimate, not of the policy.
    """

    base: int
    candidate: int
    basis: str


def paired_cost(
    request: TrafficRequest, base: Side, candidate: Side, bundles: tuple[Bundle, Bundle]
) -> PairedCost | None:
    """The costs of the models chosen first; None where neither record nor price tells them."""
    was, now = _recorded(request, base), _recorded(request, candidate)
    if was is not None and now is not None:
        return PairedCost(was, now, RECORDED)
    was, now = _estimated(request, base, bundles[0]), _estimated(request, candidate, bundles[1])
    if was is None or now is None:
        return None
    return PairedCost(was, now, ESTIMATED)


def _recorded(request: TrafficRequest, side: Side) -> int | None:
    if side.model is None:
        return 0  # a refused request costs nothing
    use = request.calls.get(side.model)
    return use.cost if use else None


def _estimated(request: TrafficRequest, side: Side, bundle: Bundle) -> int | None:
    if side.model is None:
        return 0
    sent, written = _sizes(request, request.calls.get(side.model))
    cost = bundle.catalogue.models[side.model].estimated_cost_usd(sent, written)
    return None if cost is None else round(cost * NANO)


def _sizes(request: TrafficRequest, use: Use | None) -> tuple[int, int]:
    """Tokens in and out: of the model's own call, else of the other calls, else typical ones."""
    uses = [use, *request.calls.values()]
    sent = [u.input_tokens for u in uses if u and u.input_tokens is not None]
    written = [u.output_tokens for u in uses if u and u.output_tokens is not None]
    if use and use.output_tokens is not None:
        written = [use.output_tokens]
    known = request.request.input_tokens
    return (
        sent[0] if sent else TYPICAL_INPUT_TOKENS if known is None else known,
        round(statistics.median(written)) if written else TYPICAL_OUTPUT_TOKENS,
    )
