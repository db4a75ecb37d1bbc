"""What the reference says, as JSON that every language can be compared by."""

from __future__ import annotations

from typing import Any

from policies.engine import (
    Attempt,
    Bundle,
    Counts,
    Decision,
    NextAttempt,
    Requirements,
    Runtime,
    Stop,
    next_attempt,
)
from policies.engine.fallback import Breaker, Limits, RetryBudget

Raw = dict[str, Any]


def decision_as_json(decision: Decision) -> Raw:
    """All of a decision but the sentences about excluded candidates."""
    wanted = decision.requirements
    return {
        **decision._asdict(),
        "candidates": list(decision.candidates),
        "unchecked": list(decision.unchecked),
        "excluded": [{"model": out.model, "reason": out.reason} for out in decision.excluded],
        "requirements": {
            "regions": list(wanted.regions),
            "capabilities": list(wanted.capabilities),
            "input_tokens": wanted.input_tokens,
            "max_output_tokens": wanted.max_output_tokens,
        },
    }


def requirements_of(raw: Raw) -> Requirements:
    return Requirements(
        regions=tuple(raw.get("regions", ())),
        capabilities=tuple(raw.get("capabilities", ())),
        input_tokens=raw.get("input_tokens"),
        max_output_tokens=raw.get("max_output_tokens"),
    )


def runtime_of(raw: Raw) -> Runtime:
    return Runtime(frozenset(raw.get("open_breakers", ())), raw.get("retry_allowed", True))


def step_as_json(
    bundle: Bundle, decision: Decision, attempts: list[Raw], request_id: str, runtime: Raw
) -> Raw:
    return step_told(
        next_attempt(
            bundle,
            decision,
            [Attempt(**attempt) for attempt in attempts],
            request_id=request_id,
            runtime=runtime_of(runtime),
        )
    )


def step_told(step: NextAttempt | Stop) -> Raw:
    if isinstance(step, NextAttempt):
        return {"model": step.model, "wait_ms": step.wait_ms}
    return {"stop": step.reason}


def runtime_told(runtime: Runtime) -> Raw:
    return {
        "open_breakers": sorted(runtime.open_breakers),
        "retry_allowed": runtime.retry_allowed,
    }


def counts_of(raw: Raw) -> Counts:
    breaker, budget = raw["breaker"], raw["retry_budget"]
    return Counts(
        Limits(
            breaker=breaker and Breaker(**breaker), retry_budget=budget and RetryBudget(**budget)
        )
    )


def carry_out(counts: Counts, step: Raw) -> Raw:
    """The runtime after a step of `tests/vectors/breakers.json`."""
    at = step["at"]
    for _ in range(step.get("times", 1)):
        if step["do"] == "request":
            counts.request(at)
        elif step["do"] in ("begin", "retry"):
            counts.begin(at, step["target"], retry=step["do"] == "retry")
        elif step["do"] == "end":
            counts.end(at, step["target"], step["failure_kind"])
    return runtime_told(counts.runtime(at))


def runtimes_as_json(raw: Raw) -> list[Raw]:
    """The runtime after each of a case's steps."""
    counts = counts_of(raw)
    return [carry_out(counts, step) for step in raw["steps"]]
