"""Random valid documents, requests, chains and events, as raw JSON, quickly and by seed alone.

Bounds, values and sizes come from small pools, so that rules overlap and requests lie on their
edges. Only what JSON can say is made, so that every language can be asked.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

from policies.engine import FAILURE_KINDS

Raw = dict[str, Any]

NUMBERS = (0, 1, 99.5, 1000, 2000, 1e-7, 2**53, -(2**53), -3)
EDGES = sorted(
    {
        float(near)
        for bound in NUMBERS
        for near in (bound, math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf))
        if abs(near) <= 2**53
    }
)
TEXTS = ("chat", "code", "Straße", "a b", "x", "日本", "ı", "\U0001f600")
GROUPS = ("eu", "beta", "vip", "blocked")
CLASSES = ("simple", "hard", "sensitive")
MODELS = ("m1", "m2", "m3", "m4")
REGIONS = ("eu", "us")
CAPABILITIES = ("tools", "vision")
KEYWORDS = ("def ", "Straße", "café", "traceback", "ΣΑΣ", "İ")
PROMPTS = ("", "DEF x", "die STRASSE", "cafe\u0301", "σας", "nothing", "i\u0307 traceback", "ẞ")
SIZES = (None, 0, 1, 999, 1000, 1001, 5000, 127_000, 2**53)
PRICES = (None, 0, 0.15, 2.5, 30)


def some(rng: Random, values: tuple[Any, ...], least: int = 0) -> list[Any]:
    return rng.sample(values, rng.randint(least, len(values)))


def random_bundle(rng: Random, *, most_rules: int = 8) -> Raw:
    """A valid bundle."""
    attributes = _attributes(rng)
    of_class = {"name": "class", "type": "category", "values": list(CLASSES)}
    categories = [entry["name"] for entry in attributes if entry["type"] == "category"]
    return {
        "schema": 1,
        "request_classification": {
            "schema": 1,
            "attributes": attributes,
            "classes": [{"key": key, "risk": "low"} for key in CLASSES],
            "rules": [
                {"id": f"c{i}", "when": _condition(rng, attributes), "class": rng.choice(CLASSES)}
                for i in range(rng.randint(0, most_rules))
            ],
            "default_class": rng.choice(CLASSES),
            "provided": rng.choice(
                (
                    None,
                    {
                        "attribute": "predicted",
                        "confidence_attribute": "confidence",
                        "min_confidence": rng.choice((0, 0.5, 1)),
                    },
                )
            ),
        },
        "router_policy": {
            "schema": 1,
            "rules": [
                {
                    "id": f"p{i}",
                    "when": _condition(rng, [*attributes, of_class]),
                    "route": _route(rng),
                }
                for i in range(rng.randint(0, most_rules))
            ],
            "default": {**_route(rng), "on_no_candidate": "refuse"},
            "sticky_on": rng.choice((None, *categories)),
        },
        "fallback_matrix": _matrix(rng),
        "quality_thresholds": {"schema": 1, "thresholds": []},
        "catalogue": {
            "providers": {"acme": {}, "borealis": {}},
            "models": {name: _model(rng) for name in MODELS},
        },
    }


def random_request(rng: Random) -> Raw:
    """A request for any such bundle."""
    given: Raw = {}
    for name, values in (
        ("task", (*TEXTS, "undeclared", "", 7)),
        ("tenant", (*TEXTS, "somebody")),
        ("size", (*EDGES, 5, "5", True)),
        ("turns", (*EDGES, 2, False)),
        ("vip", (True, True, False, False, "true", 1)),
        ("code", (True, False)),
        ("predicted", (*CLASSES, "odd")),
        ("confidence", (0, 0.5, 0.49, 1, 70, "high")),
        ("other", (1,)),
    ):
        if rng.random() < 0.6:
            given[name] = rng.choice((None, *values)) if rng.random() < 0.2 else rng.choice(values)
    if rng.random() < 0.6:
        given["groups"] = some(rng, (*GROUPS, "undeclared"))
    request: Raw = {"attributes": given}
    for name, values in (
        ("prompt", (None, *PROMPTS)),
        ("request_id", ("", f"r-{rng.getrandbits(40)}", f"r-{rng.getrandbits(40)}")),
        ("input_tokens", SIZES),
        ("max_output_tokens", SIZES),
    ):
        if rng.random() < 0.7:
            request[name] = rng.choice(values)
    return request


def random_attempts(rng: Random) -> list[Raw]:
    """Attempts, each on the target of the one before or on another."""
    made: list[Raw] = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        same = made and rng.random() < 0.5
        attempt = {
            "model": made[-1]["model"] if same else rng.choice(MODELS),
            "failure_kind": rng.choice(FAILURE_KINDS),
            "latency_ms": rng.choice((0, 1, 250.5, 400, 20_000)),
            "cost_usd": rng.choice((0, 0.0005, 0.001)),
            "bytes_sent": rng.random() < 0.2,
            "retry_after_ms": rng.choice((None, None, 0, 123.4, 10_000)),
        }
        made.append(attempt)
    if made and rng.random() < 0.1:
        made[-1]["failure_kind"] = None
    return made


def random_runtime(rng: Random) -> Raw:
    opened = some(rng, MODELS) if rng.random() < 0.3 else []
    return {"open_breakers": opened, "retry_allowed": rng.random() < 0.8}


def random_events(rng: Random, count: int) -> Raw:
    """Limits, and events for them as in tests/vectors/breakers.json, without what is expected."""
    at = 0
    steps: list[Raw] = []
    for _ in range(count):
        at = max(0, at + rng.choice((0, 0, 1, 1, 2, 10, 50, 100, 1000, 3000, 15_000, -5)))
        do = rng.choice(("request", "begin", "retry", "end", "end", "end", "ask"))
        step: Raw = {"at": at, "do": do}
        if do in ("begin", "retry", "end"):
            step["target"] = rng.choice(MODELS[:2])
        if do == "end":
            kinds = (None, None, "timeout", "timeout", "timeout", *FAILURE_KINDS)
            step["failure_kind"] = rng.choice(kinds)
        steps.append(step)
    return {"breaker": _breaker(rng), "retry_budget": _budget(rng), "steps": steps}


def _attributes(rng: Random) -> list[Raw]:
    keywords = {"keywords": some(rng, KEYWORDS, least=1)}
    known: list[Raw] = [
        {"name": "task", "type": "category", "values": list(TEXTS)},
        {"name": "tenant", "type": "category"},
        {"name": "size", "type": "number"},
        {"name": "turns", "type": "number"},
        {"name": "vip", "type": "flag"},
        {"name": "code", "type": "flag", "derived_from": rng.choice((None, keywords, keywords))},
        {"name": "groups", "type": "set", "values": rng.choice((None, list(GROUPS)))},
        {"name": "confidence", "type": "number"},
    ]
    return rng.sample(known, rng.randint(1, len(known)))


def _condition(rng: Random, known: list[Raw]) -> Raw:
    if rng.random() < 0.2:
        return {"any_of": [_box(rng, known) for _ in range(rng.randint(1, 3))]}
    return _box(rng, known)


def _box(rng: Random, known: list[Raw]) -> Raw:
    chosen = rng.sample(known, rng.randint(0, min(3, len(known))))
    return {entry["name"]: _constraint(rng, entry) for entry in chosen}


def _constraint(rng: Random, attribute: Raw) -> Any:
    if rng.random() < 0.1:
        return {"present": rng.random() < 0.5}
    if attribute["type"] == "flag":
        return rng.random() < 0.5
    if attribute["type"] == "number":
        low, high = sorted(rng.sample(NUMBERS, 2))
        bounds = {rng.choice(("gte", "gt")): low, rng.choice(("lte", "lt")): high}
        return dict(rng.sample(sorted(bounds.items()), rng.randint(1, 2)))
    if attribute["type"] == "set":
        wanted = rng.sample(GROUPS, 3)
        named = {"has_any": wanted[:1], "has_all": wanted[1:2], "has_none": wanted[2:]}
        return dict(rng.sample(sorted(named.items()), rng.randint(1, 3)))
    values = some(rng, tuple(attribute.get("values") or TEXTS[:4]), least=1)
    return {rng.choice(("in", "in", "not_in")): values}


def _route(rng: Random) -> Raw:
    models = some(rng, MODELS, least=1)
    weights = [rng.choice((1, 0.5, 90)), *(rng.choice((0, 0.5, 1, 90)) for _ in models[1:])]
    history = [{"m1": 1, "m2": 0.5}, {"m2": 2, "gone": 1}]
    earlier = rng.choice((None, [], history[:1], history))
    return {
        "select": rng.choice(("ordered", "weighted", "cheapest")),
        "salt": rng.choice(("s", "Straße")),
        "candidates": [
            {"model": model, "weight": weight}
            for model, weight in zip(models, weights, strict=True)
        ],
        **({} if earlier is None else {"earlier_weights": earlier}),
        "constraints": {
            "regions": some(rng, REGIONS) if rng.random() < 0.4 else [],
            "capabilities": some(rng, CAPABILITIES) if rng.random() < 0.2 else [],
            "max_cost_usd": rng.choice((None, None, 0.001, 0.05)),
            "fits_context": rng.random() < 0.3,
        },
        "on_no_candidate": rng.choice(("refuse", "default")),
    }


def _matrix(rng: Random) -> Raw:
    cells = [(model, key) for model in ("*", *MODELS) for key in (None, *CLASSES)]
    answerable = tuple(kind for kind in FAILURE_KINDS if kind != "bad_request")
    return {
        "schema": 1,
        "rows": [
            {
                "model": model,
                "class": key,
                "on": some(rng, answerable, least=6),
                "retries": {
                    "count": rng.randint(0, 3),
                    "base_ms": (base := rng.choice((0, 100, 333.3))),
                    "factor": rng.choice((1, 1.5, 3)),
                    "max_ms": base * 2,
                    "jitter": rng.choice(("full", "none")),
                    "honour_retry_after": rng.random() < 0.5,
                },
                "then": [target for target in some(rng, MODELS) if target != model],
            }
            for model, key in rng.sample(cells, rng.randint(0, 6))
        ],
        "limits": {
            "max_attempts": rng.randint(1, 8),
            "deadline_ms": rng.choice((1, 500, 30_000)),
            "cost_cap_usd": rng.choice((None, 0.002, 1)),
            "retry_budget": _budget(rng),
            "breaker": _breaker(rng),
            "preserve": {
                name: rng.random() < 0.7 for name in ("regions", "capabilities", "context")
            },
        },
    }


def _budget(rng: Random) -> Raw | None:
    ratio, rate = rng.choice((0, 0.1, 1 / 3, 2.5)), rng.choice((0, 0.05, 1, 1 / 3, 40))
    return rng.choice((None, *[{"ratio": ratio, "min_per_second": rate}] * 5))


def _breaker(rng: Random) -> Raw | None:
    made = {
        "failure_ratio": rng.choice((0.07, 0.5, 2 / 3, 1)),
        "min_requests": rng.randint(1, 5),
        "window_s": rng.choice((0.0001, 0.0125, 0.1, 1, 30)),
        "cooldown_s": rng.choice((0, 0.004, 0.05, 15)),
    }
    return rng.choice((None, *[made] * 5))


def _model(rng: Random) -> Raw:
    tier = {"above_input_tokens": 1000, "input_usd_per_mtok": 5, "output_usd_per_mtok": 0.5}
    return {
        "provider": rng.choice(("acme", "borealis")),
        "context_window": rng.choice((None, 1000, 128_000)),
        "regions": some(rng, REGIONS),
        "capabilities": some(rng, CAPABILITIES),
        "status": rng.choice(("active", "active", "active", "deprecated", "retired")),
        "input_usd_per_mtok": rng.choice(PRICES),
        "output_usd_per_mtok": rng.choice(PRICES),
        "price_tiers": rng.choice(
            ([], [], [tier], [tier, {**tier, "above_input_tokens": 100_000}])
        ),
    }
