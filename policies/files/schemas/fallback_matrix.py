"""The schema of ``fallback_matrix``."""

from __future__ import annotations

from policies.engine.fallback import (
    ANSWERABLE,
    ANY_MODEL,
    JITTERS,
    NEVER_ANSWERED,
    Breaker,
    Limits,
    Preserve,
    Retries,
    RetryBudget,
)
from policies.files.schemas.keywords import (
    SCHEMA_NUMBER,
    Schema,
    choice,
    flag,
    listing,
    nullable,
    number,
    record,
    whole_number,
    words,
)
from policies.files.schemas.names import key, label, model

_RETRIES = Retries().to_json()
_LIMITS = Limits().to_json()
_BUDGET = RetryBudget().to_json()
_BREAKER = Breaker().to_json()
_PRESERVE = Preserve().to_json()


def _retries() -> Schema:
    return record(
        {
            "count": whole_number(
                at_least=0,
                at_most=20,
                description="Further tries on the same target, at most.",
                default=_RETRIES["count"],
            ),
            "base_ms": number(
                at_least=0,
                description="Longest wait before the first retry, in milliseconds.",
                default=_RETRIES["base_ms"],
            ),
            "factor": number(
                at_least=1,
                at_most=100,
                description="Each further wait is this many times the one before.",
                default=_RETRIES["factor"],
            ),
            "max_ms": number(
                at_least=0,
                description="No wait is longer, in milliseconds; at least base_ms. Where base_ms "
                "is above the default, the default is base_ms.",
                default=_RETRIES["max_ms"],
            ),
            "jitter": choice(
                JITTERS,
                description="full: a random share of the wait, so that routers do not come back "
                "all at once. none: the whole wait.",
                default=_RETRIES["jitter"],
            ),
            "honour_retry_after": flag(
                description="Whether to wait as long as the provider's Retry-After asks for.",
                default=_RETRIES["honour_retry_after"],
            ),
        },
        title="Retries",
        description="Further tries on the same target, before the next one is asked.",
        default={},
    )


def _row() -> Schema:
    return record(
        {
            "model": label(f'The model that failed, or "{ANY_MODEL}" for any.'),
            "class": nullable(key("The request's class; null: any class.", default=None)),
            "on": words(
                choice(ANSWERABLE),
                minItems=1,
                description=f"The kinds of failure that the row answers. "
                f"{', '.join(NEVER_ANSWERED)} is "
                "answered by none: the request itself is wrong.",
            ),
            "retries": _retries(),
            "then": words(
                model("A model of the catalogue, other than the one that failed."),
                description="Where to go next: the first of these that was not asked yet.",
                default=[],
            ),
        },
        required=("model", "on"),
        title="Row",
        description="What to do when a model fails. The row that names model and class goes before "
        "one for the model, for the class, for any; each case stands in one row.",
    )


def _retry_budget() -> Schema:
    return record(
        {
            "ratio": number(
                at_least=0,
                at_most=10,
                description="Retries on the same target are at most this share of the requests.",
                default=_BUDGET["ratio"],
            ),
            "min_per_second": number(
                at_least=0,
                description="So many retries a second are allowed whatever the share.",
                default=_BUDGET["min_per_second"],
            ),
        },
        title="Retry budget",
        description="How many retries on the same target a router makes in all; it counts them "
        "itself. null: no limit.",
        default={},
    )


def _breaker() -> Schema:
    return record(
        {
            "failure_ratio": number(
                above=0,
                at_most=1,
                description="The share of failed requests, above 0 and up to 1, that opens it.",
                default=_BREAKER["failure_ratio"],
            ),
            "min_requests": whole_number(
                at_least=1,
                description="It opens only after so many requests in the window.",
                default=_BREAKER["min_requests"],
            ),
            "window_s": number(
                above=0,
                description="How far back requests count, in seconds.",
                default=_BREAKER["window_s"],
            ),
            "cooldown_s": number(
                at_least=0,
                description="How long the target is left alone, in seconds.",
                default=_BREAKER["cooldown_s"],
            ),
        },
        title="Circuit breaker",
        description="Leaves a failing target alone for a while; the router counts. null: none.",
        default={},
    )


def _preserve() -> Schema:
    kept = {
        "regions": "A fallback must be served in the regions that the route demands.",
        "capabilities": "A fallback must have the capabilities that the route demands.",
        "context": "What is known of the request's size must fit into a fallback's context window.",
    }
    return record(
        {name: flag(description=said, default=_PRESERVE[name]) for name, said in kept.items()},
        title="Preserve",
        description="Which demands of the route a fallback may not break.",
        default={},
    )


def _limits() -> Schema:
    return record(
        {
            "max_attempts": whole_number(
                at_least=1,
                at_most=100,
                description="Attempts in all, the first and every retry included.",
                default=_LIMITS["max_attempts"],
            ),
            "deadline_ms": number(
                above=0,
                description="No attempt starts later than this, in milliseconds after the first. "
                "Waits count.",
                default=_LIMITS["deadline_ms"],
            ),
            "cost_cap_usd": nullable(
                number(
                    above=0,
                    description="The most that all attempts together may cost, in US dollars. A "
                    "target estimated to go beyond it is passed over. null: no limit.",
                    default=_LIMITS["cost_cap_usd"],
                )
            ),
            "retry_budget": nullable(_retry_budget()),
            "breaker": nullable(_breaker()),
            "preserve": _preserve(),
        },
        title="Limits",
        description="Limits of a request's whole chain of attempts.",
        default={},
    )


DOCUMENT: Schema = record(
    {
        "schema": SCHEMA_NUMBER,
        "rows": listing(
            _row(),
            description="What to do after a failure; a failure without a row ends the chain.",
            default=[],
        ),
        "limits": _limits(),
    },
    required=("schema",),
    title="Fallback matrix",
    description="What happens after a failure, and within which limits.",
)
