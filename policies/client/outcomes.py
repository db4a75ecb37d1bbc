"""The outcome event of a request that was decided here; docs/outcomes.md describes it. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from ..engine import Attempt
from .decided import Decided

if TYPE_CHECKING:
    from typing_extensions import Unpack  # of the standard library from Python 3.11 on

# What providers and libraries call the same two counts.
INPUT_TOKENS = ("input_tokens", "prompt_tokens")
OUTPUT_TOKENS = ("output_tokens", "completion_tokens")


class Told(TypedDict, total=False):
    """What is known of a request besides its attempts.

    `usage` holds token counts as `input_tokens` and `output_tokens`, or under OpenAI's older names.
    `latency_ms` is what the caller saw, waits included, where that was measured; `cost_usd` is over
    all attempts. What is not told follows from the attempts and the catalogue at the console.
    """

    usage: Mapping[str, int | None] | None
    quality: float | None
    latency_ms: float | None
    cost_usd: float | None
    labelled_class: str | None
    conversation_id: str | None
    tenant: str | None


def outcome_event(
    decided: Decided,
    attempts: Sequence[Attempt],
    *,
    costs_usd: Sequence[float | None] | None = None,
    **told: Unpack[Told],
) -> dict[str, object]:
    """The event, with only what is known in it.

    `costs_usd` is what each attempt cost, 0 where it is known that it was free; without it, their
    own `cost_usd`. Raises TypeError for a keyword that `Told` does not have, and for a `usage`
    that holds no count that it could mean.
    """
    if unknown := told.keys() - Told.__annotations__.keys():
        known = ", ".join(Told.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))}: an outcome is told by {known}")
    decision, usage = decided.decision, _usage(told.get("usage"))
    event: dict[str, object | None] = {
        "request_id": decided.request.request_id,
        "time": datetime.datetime.fromtimestamp(decided.at, datetime.timezone.utc).isoformat(),
        "release_digest": decided.release.digest,
        "attributes": dict(decided.request.attributes),
        "class": decision.class_key,
        "class_confidence": _confidence(decided),
        "labelled_class": told.get("labelled_class"),
        "rule": decision.policy_rule,
        "model": decision.model,
        "attempts": _attempts(attempts, costs_usd),
        "latency_ms": told.get("latency_ms"),
        "input_tokens": _first(usage, INPUT_TOKENS),
        "output_tokens": _first(usage, OUTPUT_TOKENS),
        "cost_usd": told.get("cost_usd"),
        "quality": told.get("quality"),
        "conversation_id": told.get("conversation_id"),
        "tenant": told.get("tenant"),
    }
    return {name: value for name, value in event.items() if value is not None and value != []}


def _usage(told: Mapping[str, int | None] | None) -> Mapping[str, int | None]:
    """What is told, so that none gets lost unseen: providers put more than the two counts there,
    but who says something and neither of them has misspelt it."""
    known = (*INPUT_TOKENS, *OUTPUT_TOKENS)
    if told is None:
        return {}
    if not isinstance(told, Mapping) or (told and not any(name in told for name in known)):
        counts = f"{' or '.join(INPUT_TOKENS)}, and {' or '.join(OUTPUT_TOKENS)}"
        raise TypeError(f"usage: must be a mapping with {counts}; got {told!r:.100}")
    return told


def _attempts(
    attempts: Sequence[Attempt], costs_usd: Sequence[float | None] | None
) -> list[dict[str, object]]:
    """An attempt whose own cost or latency is 0 is one where nobody measured it: told as 0, it
    would count as free, or as instant."""
    if costs_usd is None:
        costs_usd = [attempt.cost_usd or None for attempt in attempts]
    return [
        {
            "model": attempt.model,
            "failure_kind": attempt.failure_kind,
            "latency_ms": attempt.latency_ms or None,
            "cost_usd": cost_usd,
        }
        for attempt, cost_usd in zip(attempts, costs_usd, strict=True)
    ]


def _confidence(decided: Decided) -> float | None:
    """What the router's own classifier said of the class it provided."""
    provided = decided.release.bundle.request_classification.provided
    if provided is None or decided.decision.class_source != "provided":
        return None
    value = decided.request.attributes.get(provided.confidence_attribute)
    is_share = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if is_share and isinstance(value, (int, float)) else None


def _first(usage: Mapping[str, int | None], names: Sequence[str]) -> int | None:
    found = (usage[name] for name in names if usage.get(name) is not None)
    return next(found, None)
