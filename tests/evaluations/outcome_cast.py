"""Outcomes to test with: plain events, and a reproducible made-up stream of them."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from typing import Any

NOW = datetime.datetime(2026, 3, 18, 14, 20, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def event(request_id: str = "r-1", **members: Any) -> dict[str, Any]:
    """An event of half an hour ago; `class_` stands for the member `class`."""
    if "class_" in members:
        members["class"] = members.pop("class_")
    return {
        "request_id": request_id,
        "time": (NOW - HOUR / 2).isoformat(),
        "class": "simple",
        "model": "swift-small",
        "latency_ms": 800,
        "cost_usd": 0.001,
        "quality": 0.9,
        **members,
    }


def minute_sums(summary_id: str = "i/m/1", **members: Any) -> dict[str, Any]:
    """Ten answered requests of half an hour ago; `class_` stands for the member `class`."""
    if "class_" in members:
        members["class"] = members.pop("class_")
    return {
        "summary_id": summary_id,
        "minute": (NOW - HOUR / 2).isoformat(),
        "requests": 10,
        "class": "simple",
        "model": "swift-small",
        "served_model": "swift-small",
        **members,
    }


def stream(
    count: int,
    start: datetime.datetime,
    end: datetime.datetime,
    *,
    seed: int = 1,
    prefix: str = "s",
    release_digest: str = "",
    quality: float = 0.85,
) -> Iterator[dict[str, Any]]:
    """Events spread evenly over a time, some with labels, failures and fallbacks."""
    dice = random.Random(seed)
    for index in range(count):
        is_complex = dice.random() < 0.3
        class_key = "complex" if is_complex else "simple"
        model = "swift-large" if is_complex else "swift-small"
        label = class_key if dice.random() < 0.9 else dice.choice(["simple", "complex"])
        latency = dice.lognormvariate(6.8, 0.4)
        made = event(
            f"{prefix}-{index}",
            time=(start + (end - start) * (index / count)).isoformat(),
            class_=class_key,
            model=model,
            attempts=_attempts(dice, model, latency),
            quality=1.0 if dice.random() < quality else 0.2,
            labelled_class=label if dice.random() < 0.2 else None,
            release_digest=release_digest,
        )
        for derived in ("latency_ms", "cost_usd"):
            del made[derived]
        yield made


def _attempts(dice: random.Random, model: str, latency: float) -> list[dict[str, Any]]:
    cost = 0.004 if model == "swift-large" else 0.0006
    answer = {"model": model, "failure_kind": None, "latency_ms": latency, "cost_usd": cost}
    chance = dice.random()
    failed = {"model": model, "failure_kind": "timeout", "latency_ms": 3000, "cost_usd": 0}
    if chance < 0.02:
        return [failed, {**answer, "model": "orchid", "cost_usd": 0.002}]
    if chance < 0.03:
        return [failed, {**failed, "model": "orchid", "failure_kind": "overloaded"}]
    return [answer]
