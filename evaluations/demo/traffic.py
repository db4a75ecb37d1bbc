"""Made-up traffic for the demo workflow, in a realistic range.

Where the ranges come from:
- Prompt and answer sizes: log-normal around the medians of the Azure LLM inference trace of
  2023-11-16, conversations (1,020 tokens in, 132 out; 95th percentiles 4,083 and 451).
- Latency: time to first token plus time per token, so that answers of that length take one to four
  seconds, as the measured latencies of the Berkeley function-calling results of 2024-08 do.
- Quality: mean between 0.68 and 0.97 by model and intent, the span that
  public matrices (ZeroEval, MMLU-Pro) show between small and large models.
- Failures: under one per cent on a normal day; one provider outage of 71 minutes, the median length
  of OpenAI's incidents in the FAILS collection.
"""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evaluations.demo.scenario import INTENTS, MODELS

INTENT_WEIGHTS = [34, 22, 12, 18, 9, 5]
DIFFICULTY = {
    "faq": -1.2,
    "order_status": -0.9,
    "refund": 0.1,
    "technical": 0.8,
    "complaint": 0.5,
    "legal": 1.0,
}
# Skill, time to first token (s), seconds per output token, chance of a failed call.
BEHAVIOUR = {
    "gpt-4o": (2.7, 0.55, 0.011, 0.006),
    "gpt-4o-mini": (1.75, 0.45, 0.008, 0.004),
    "claude-3-5-sonnet": (2.8, 0.80, 0.013, 0.007),
    "claude-3-5-haiku": (1.8, 0.50, 0.009, 0.006),
    "gemini-2.0-flash": (1.9, 0.38, 0.006, 0.005),
}
FAILURES = ["rate_limit", "timeout", "server_error", "overloaded"]
OUTAGE = datetime.timedelta(minutes=71)


@dataclass(frozen=True)
class SimulatedRequest:
    """One made-up request, and the luck that decides how each model would do on it."""

    request_id: str
    conversation_id: str
    attributes: dict[str, Any]
    input_tokens: int
    output_tokens: int
    luck: float


@dataclass(frozen=True)
class SimulatedCall:
    """What one model would do with one request."""

    model: str
    quality: float | None
    cost_usd: float
    latency_ms: float
    failure_kind: str | None


def requests(count: int, seed: int, prefix: str) -> Iterator[SimulatedRequest]:
    """A reproducible run of requests; conversations have one to four of them."""
    dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    conversation, left = 0, 0
    intent = INTENTS[0]
    tier = channel = ""
    for index in range(count):
        if left == 0:
            conversation, left = conversation + 1, dice.choice([1, 1, 1, 2, 2, 3, 4])
            intent = dice.choices(INTENTS, INTENT_WEIGHTS)[0]
            tier = dice.choices(["free", "business", "enterprise"], [60, 30, 10])[0]
            channel = dice.choices(["chat", "email", "voice"], [65, 28, 7])[0]
        left -= 1
        tokens = min(7600, max(60, round(dice.lognormvariate(math.log(1020), 0.78))))
        name = f"{prefix}-c{conversation:05d}"
        yield SimulatedRequest(
            request_id=f"{prefix}-{index:06d}",
            conversation_id=name,
            attributes={
                "intent": intent,
                "channel": channel,
                "tier": tier,
                "prompt_tokens": tokens,
                "needs_tools": intent in {"order_status", "refund"},
                "conversation_id": name,
            },
            input_tokens=tokens,
            output_tokens=min(1000, max(8, round(dice.lognormvariate(math.log(132), 0.72)))),
            luck=dice.random(),
        )


def call(
    request: SimulatedRequest, model: str, attempt: int = 0, *, down: bool = False
) -> SimulatedCall:
    """What happens when this model is asked; the same question gives the same answer."""
    skill, first_token, per_token, failing = BEHAVIOUR[model]
    dice = random.Random(f"{request.request_id}/{model}/{attempt}")  # noqa: S311 - as above
    if down or dice.random() < failing:
        kind = "overloaded" if down else dice.choice(FAILURES)
        wait = 10_000.0 if kind == "timeout" else 300 + 900 * dice.random()
        return SimulatedCall(model, None, 0.0, round(wait, 3), kind)
    ease = skill - DIFFICULTY[str(request.attributes["intent"])]
    chance = 1 / (1 + math.exp(-ease)) - 0.03 * (request.input_tokens > 4000)
    # Half of the luck is the request's own, so that models agree on what is hard.
    adequate = 0.5 * request.luck + 0.5 * dice.random() < 0.5 * chance + 0.5 * chance**2
    quality = dice.choice([0.9, 1.0, 1.0]) if adequate else dice.choice([0.0, 0.2, 0.4])
    seconds = first_token * dice.lognormvariate(0, 0.35) + per_token * request.output_tokens
    _, _, _, _, _, price_in, price_out = MODELS[model]
    cost = request.input_tokens * float(price_in) + request.output_tokens * float(price_out)
    return SimulatedCall(model, quality, round(cost / 1e6, 9), round(1000 * seconds, 3), None)


def rows(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """A full matrix, in the import form of datasets: one row per request and model."""
    for request in requests(count, seed, "sim"):
        for model in MODELS:
            answer = call(request, model)
            yield {
                "request_id": request.request_id,
                "dataset": "support-assistant (simulated)",
                "task": request.attributes["intent"],
                "prompt": None,
                "prompt_tokens_est": request.input_tokens,
                "conversation_id": request.conversation_id,
                "attributes": request.attributes,
                "model": model,
                "attempt": 0,
                "quality": answer.quality,
                "input_tokens": request.input_tokens,
                "output_tokens": request.output_tokens,
                "cost_usd": answer.cost_usd,
                "latency_ms": answer.latency_ms,
                "error": answer.failure_kind,
            }


def moments(
    start: datetime.datetime, end: datetime.datetime, per_day: int, seed: int
) -> list[datetime.datetime]:
    """When requests come in: few at night, more at midday, half as many at weekends."""
    dice = random.Random(seed)  # noqa: S311 - as above
    hour, found = start, []
    while hour < end:
        daily = math.exp(-(((hour.hour - 13.5) / 4.6) ** 2) / 2) + 0.06
        weekend = 0.5 if hour.weekday() >= 5 else 1.0
        expected = per_day * weekend * daily / 12.9
        number = max(0, round(dice.gauss(expected, math.sqrt(expected))))
        found += [hour + datetime.timedelta(seconds=dice.uniform(0, 3600)) for _ in range(number)]
        hour += datetime.timedelta(hours=1)
    return sorted(moment for moment in found if moment < end)
