"""Large made-up bundles for measuring the analysis: rules as teams write them, and nastier ones."""

import random
from collections.abc import Callable
from typing import Any

from policies.engine import Bundle, parse_bundle

Raw = dict[str, Any]

CLASSES = ("simple", "standard", "hard", "sensitive", "bulk")
NUMBERS = {
    "prompt_tokens": (500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000),
    "turns": (1, 2, 5, 10, 20),
    "budget_usd": (0.001, 0.01, 0.05, 0.1),
    "latency_ms": (200, 500, 1000, 5000),
}
CATEGORIES = {"task": 10, "tenant": 10, "language": 8, "channel": 5, "tier": 4}
FLAGS = ("needs_tools", "has_image", "internal")
MODELS = ("small", "medium", "large", "vision", "local")


def attributes() -> list[Raw]:
    """Twelve: five categories, four numbers, three flags."""
    categories = [
        {"name": name, "type": "category", "values": [f"{name}-{i}" for i in range(size)]}
        for name, size in CATEGORIES.items()
    ]
    numbers = [{"name": name, "type": "number"} for name in NUMBERS]
    flags = [{"name": name, "type": "flag"} for name in FLAGS]
    return [*categories, *numbers, *flags]


def _constraint(rng: random.Random, attribute: Raw) -> Any:
    name = attribute["name"]
    if attribute["type"] == "flag":
        return rng.random() < 0.7
    if attribute["type"] == "number":
        bound = rng.choice(NUMBERS[name])
        operator = rng.choice(("lt", "gte", "gt", "lte"))
        return {operator: bound}
    values = rng.sample(attribute["values"], rng.randint(1, 3))
    return {"not_in": values} if rng.random() < 0.1 else {"in": values}


def realistic_condition(rng: random.Random, known: list[Raw]) -> Raw:
    """One to four constraints, now and then one of two alternatives."""
    chosen = rng.sample(known, rng.choice((1, 2, 2, 3, 3, 4)))
    box = {entry["name"]: _constraint(rng, entry) for entry in chosen}
    if rng.random() < 0.1:
        return {"any_of": [box, realistic_box(rng, known)]}
    return box


def realistic_box(rng: random.Random, known: list[Raw]) -> Raw:
    return {entry["name"]: _constraint(rng, entry) for entry in rng.sample(known, 2)}


def wide_condition(rng: random.Random, known: list[Raw]) -> Raw:
    """Nasty: each rule takes away little from much, so that only many together cover anything."""
    box: Raw = {}
    for entry in rng.sample(known, 3):
        if entry["type"] == "category":
            values = entry["values"]
            box[entry["name"]] = {"in": rng.sample(values, max(1, len(values) // 2))}
        elif entry["type"] == "number":
            bound = rng.choice(NUMBERS[entry["name"]])
            box[entry["name"]] = {rng.choice(("lt", "gte")): bound}
        else:
            box[entry["name"]] = rng.random() < 0.5
    return box


Conditions = Callable[[random.Random, list[Raw]], Raw]


def bundle(
    rules: int,
    seed: int,
    condition: Conditions = realistic_condition,
    *,
    in_policy: int | None = None,
    guarded: bool = False,
) -> Bundle:
    """``rules`` rules of the classification and ``in_policy``, by default as many, of the policy.

    ``guarded``, the first rules of the classification take all requests that lack an attribute,
    so that the others would really have to cover everything else together.
    """
    rng = random.Random(seed)
    known = attributes()
    guards: list[Raw] = [{entry["name"]: {"present": False}} for entry in known] if guarded else []
    made = _specific_first(rng, rules - len(guards), condition, known)
    of_class = {"name": "class", "type": "category", "values": list(CLASSES)}
    return parse_bundle(
        {
            "schema": 1,
            "request_classification": {
                "schema": 1,
                "attributes": known,
                "classes": [{"key": key, "risk": "low"} for key in CLASSES],
                "rules": [
                    {"id": f"c{i}", "when": when, "class": rng.choice(CLASSES)}
                    for i, when in enumerate([*guards, *made])
                ],
                "default_class": "standard",
            },
            "router_policy": {
                "schema": 1,
                "rules": [
                    {"id": f"p{i}", "when": when, "route": _route(rng)}
                    for i, when in enumerate(
                        _specific_first(
                            rng,
                            rules if in_policy is None else in_policy,
                            condition,
                            [*known, of_class],
                        )
                    )
                ],
                "default": {"select": "ordered", "candidates": [{"model": "medium"}]},
            },
            "fallback_matrix": {"schema": 1, "rows": [_row("small", "medium"), _row("*", "large")]},
            "quality_thresholds": {"schema": 1, "thresholds": []},
            "catalogue": _catalogue(),
        }
    )


def _specific_first(
    rng: random.Random, rules: int, condition: Conditions, known: list[Raw]
) -> list[Raw]:
    """As people order rules: those with the most constraints first."""
    return sorted((condition(rng, known) for _ in range(rules)), key=len, reverse=True)


def _route(rng: random.Random) -> Raw:
    chosen = rng.sample(MODELS, 2)
    select = rng.choice(("ordered", "ordered", "weighted", "cheapest"))
    return {"select": select, "candidates": [{"model": name} for name in chosen]}


def _row(model: str, *then: str) -> Raw:
    return {"model": model, "on": ["timeout", "server_error"], "then": list(then)}


def _catalogue() -> Raw:
    return {
        "providers": {"a": {}, "b": {}},
        "models": {
            name: {
                "provider": "ab"[index % 2],
                "context_window": 32_000 * (index + 1),
                "input_usd_per_mtok": 0.1 * 3**index,
                "output_usd_per_mtok": 0.4 * 3**index,
            }
            for index, name in enumerate(MODELS)
        },
    }
