"""Bundles to translate: small ones by Hypothesis, and what each request of theirs is decided as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from policies.engine import Bundle, compose, parse_bundle
from policies.files.starting_documents import starting_documents
from policies.interop.lanes import lanes_of
from policies.interop.losses import Losses

MODELS = ("m-0", "m-1", "m-2", "m-3", "m-4")
TASKS = ("chat", "code", "review")
KINDS = ["rate_limit", "timeout", "server_error", "overloaded", "network", "quota_exhausted"]
CATALOGUE: dict[str, Any] = {
    "providers": {"acme": {"label": "Acme"}, "borealis": {"label": "Borealis"}},
    "models": {
        name: {
            "provider": "acme" if index % 2 else "borealis",
            "regions": ["eu"] if index % 2 else ["us"],
            "input_usd_per_mtok": index,
            "output_usd_per_mtok": 2 * index,
        }
        for index, name in enumerate(MODELS)
    },
}


def routes() -> st.SearchStrategy[dict[str, Any]]:
    models = st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique=True)
    return st.builds(_route, st.sampled_from(["ordered", "weighted", "cheapest"]), models, regions)


regions = st.sampled_from([[], ["eu"], ["us"]])


def _route(select: str, models: list[str], wanted: list[str]) -> dict[str, Any]:
    candidates = [{"model": model, "weight": place} for place, model in enumerate(models, start=1)]
    return {"select": select, "candidates": candidates, "constraints": {"regions": wanted}}


def rows(kinds: Sequence[str] = KINDS) -> st.SearchStrategy[list[dict[str, Any]]]:
    targets = st.lists(st.sampled_from(MODELS), max_size=3, unique=True)
    found = st.lists(st.tuples(st.sampled_from(MODELS), targets), max_size=4)
    return found.map(lambda pairs: _rows(pairs, list(kinds)))


def _rows(found: list[tuple[str, list[str]]], kinds: list[str]) -> list[dict[str, Any]]:
    return [
        {"model": model, "on": kinds, "then": [target for target in targets if target != model]}
        for model, targets in dict(found).items()
    ]


def rules() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.tuples(st.sampled_from(TASKS), routes())
    return st.lists(one, max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: [
            {"id": f"r-{task}", "when": {"task": {"in": [task]}}, "route": route}
            for task, route in pairs
        ]
    )


def bundle_of(
    rules: list[dict[str, Any]],
    default: dict[str, Any],
    rows: list[dict[str, Any]],
    catalogue: dict[str, Any] = CATALOGUE,
    limits: dict[str, Any] | None = None,
) -> Bundle:
    start = starting_documents()
    attributes = [{"name": "task", "type": "category", "values": list(TASKS)}]
    documents = {
        **start,
        "request_classification": {**start["request_classification"], "attributes": attributes},
        "router_policy": {"schema": 1, "rules": rules, "default": default},
        "fallback_matrix": {"schema": 1, "rows": rows, "limits": limits or {}},
    }
    return parse_bundle(compose(documents, catalogue))


def bundles(kinds: Sequence[str] = KINDS) -> st.SearchStrategy[Bundle]:
    """Those that have something to write: some route has a model that may serve."""
    found = st.builds(bundle_of, rules(), routes(), rows(kinds))
    return found.filter(lambda bundle: bool(lanes_of(bundle, Losses())))
