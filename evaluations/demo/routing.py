"""A made-up router: decides with the real engine, and reports what it did."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator, Sequence
from typing import Any

from evaluations.demo import traffic
from evaluations.demo.scenario import MODELS
from policies.engine import (
    Attempt,
    Bundle,
    Decision,
    NextAttempt,
    Request,
    decide,
    next_attempt,
)

MISLABELLED = 0.04


def outcomes(
    bundles: Sequence[tuple[datetime.datetime, str, Bundle]],
    moments: Sequence[datetime.datetime],
    outage: datetime.datetime,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Outcome events of made-up requests.

    `bundles` are (from when, digest, bundle), oldest first; `outage` is when OpenAI's models stop
    answering for `traffic.OUTAGE`.
    """
    dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    made_up = traffic.requests(len(moments), seed, "live")
    for moment, request in zip(moments, made_up, strict=True):
        in_force = [entry for entry in bundles if entry[0] <= moment]
        if not in_force:
            continue
        _, digest, bundle = in_force[-1]
        is_out = outage <= moment < outage + traffic.OUTAGE
        yield _outcome(request, moment, digest, bundle, is_out, dice)


def _outcome(
    request: traffic.SimulatedRequest,
    moment: datetime.datetime,
    digest: str,
    bundle: Bundle,
    is_out: bool,
    dice: random.Random,
) -> dict[str, Any]:
    decision = decide(
        bundle,
        Request(
            attributes=request.attributes,
            request_id=request.request_id,
            input_tokens=request.input_tokens,
            max_output_tokens=1000,
        ),
    )
    calls, waited = _calls(request, bundle, decision, is_out)
    last = calls[-1]
    event: dict[str, Any] = {
        "request_id": request.request_id,
        "time": moment.isoformat(),
        "release_digest": digest,
        "attributes": {k: v for k, v in request.attributes.items() if k != "conversation_id"},
        "class": decision.class_key,
        "rule": decision.policy_rule,
        "model": decision.model,
        "served_model": None if last.failure_kind else last.model,
        "attempts": [
            {
                "model": call.model,
                "failure_kind": call.failure_kind,
                "latency_ms": call.latency_ms,
                "cost_usd": call.cost_usd,
            }
            for call in calls
        ],
        "latency_ms": round(sum(call.latency_ms for call in calls) + waited, 3),
        "input_tokens": request.input_tokens,
        "output_tokens": 0 if last.failure_kind else request.output_tokens,
        "cost_usd": round(sum(call.cost_usd for call in calls), 9),
        "conversation_id": request.conversation_id,
        "tenant": str(request.attributes["tier"]),
    }
    if last.quality is not None and dice.random() < 0.6:
        event["quality"] = last.quality
    if dice.random() < 0.15:
        event["labelled_class"] = _label(decision.class_key, dice)
    return event


def _calls(
    request: traffic.SimulatedRequest, bundle: Bundle, decision: Decision, is_out: bool
) -> tuple[list[traffic.SimulatedCall], float]:
    calls: list[traffic.SimulatedCall] = []
    attempts: list[Attempt] = []
    waited = 0.0
    model = decision.model or ""
    while True:
        down = is_out and MODELS[model][0] == "openai"
        call = traffic.call(request, model, len(calls), down=down)
        calls.append(call)
        attempts.append(Attempt(call.model, call.failure_kind, call.latency_ms, call.cost_usd))
        following = next_attempt(bundle, decision, attempts, request_id=request.request_id)
        if not isinstance(following, NextAttempt):
            return calls, waited
        waited += following.wait_ms
        model = following.model


def _label(class_key: str, dice: random.Random) -> str:
    """What a person who labels afterwards says: mostly the same class."""
    if dice.random() >= MISLABELLED:
        return class_key
    return dice.choice(["routine", "standard", "technical", "sensitive"])
