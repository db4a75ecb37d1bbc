"""Hypothesis strategies for valid documents and for requests at and around their edges.

Documents come as raw JSON (``bundle_documents``, ``catalogue_documents``) or parsed
(``bundles``). Bounds are drawn from a small pool, so that rules overlap and touch.
"""

import itertools
import math
from functools import cache
from typing import Any

from hypothesis import strategies as st

from policies.engine import (
    COMPARISONS,
    FAILURE_KINDS,
    METRICS,
    Attempt,
    Bundle,
    Request,
    Runtime,
    parse_bundle,
)
from policies.engine.classification import RISKS
from policies.engine.conditions import SET_OPERATORS, Has, Range
from policies.engine.fallback import JITTERS
from policies.engine.metrics import Metric
from policies.engine.routing import ON_NO_CANDIDATE, SELECTIONS
from policies.engine.thresholds import EFFECTS
from tests.engine.choices import one_of, records, some, some_of, subsets

Raw = dict[str, Any]

NUMBERS = (-5, 0, 0.5, 1, 99.5, 100, 1000, 1e-9)
VALUES = ("a", "b", "c", "naïve", "~/")
CLASSES = ("simple", "hard", "sensitive")
MODELS = ("m1", "m2", "vendor/m3", "m4@host", "m 5")
REGIONS = ("eu", "us", "ap-south-1")
CAPABILITIES = ("tools", "vision", "json")
# bad_request never takes part in a matrix; chains are still tried with it.
ROW_KINDS = tuple(kind for kind in FAILURE_KINDS if kind != "bad_request")

# Every attribute a generated bundle may declare, so that requests can name any of them.
ATTRIBUTES: tuple[Raw, ...] = (
    {"name": "task", "type": "category", "values": list(VALUES[:3])},
    {"name": "tenant", "type": "category", "values": None},
    {"name": "groups", "type": "set", "values": list(VALUES[:3])},
    {"name": "tokens", "type": "number", "unit": "tokens"},
    {"name": "score", "type": "number"},
    {"name": "vip", "type": "flag"},
    {"name": "code", "type": "flag", "derived_from": {"keywords": ["def ", "Class"]}},
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
json_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(("class", "any_of", "*", "m1", "timeout", "ordered", "gte"))
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=25,
)


_attribute_lists = some_of(ATTRIBUTES, most=len(ATTRIBUTES))
_retry_budgets: st.SearchStrategy[Raw | None] = st.sampled_from((None, {"ratio": 0.2}))
_breakers: st.SearchStrategy[Raw | None] = st.sampled_from((None, {"window_s": 10}))


def _ranges() -> st.SearchStrategy[Raw]:
    """Every range over NUMBERS that is not empty, with one bound or with two."""
    lower = [{operator: bound} for operator in ("gte", "gt") for bound in NUMBERS]
    upper = [{operator: bound} for operator in ("lt", "lte") for bound in NUMBERS]
    both = [{**low, **high} for low, high in itertools.product(lower, upper)]
    inside = [bounds for bounds in both if not Range(**bounds).is_empty()]
    one, two = st.sampled_from(lower) | st.sampled_from(upper), st.sampled_from(inside)
    return (one | two).map(dict)


@cache
def _constraints(kind: str, *named: str) -> st.SearchStrategy[Any]:
    presence = st.booleans().map(lambda expected: {"present": expected})
    if kind == "number":
        return _number_ranges | presence
    if kind == "flag":
        return st.booleans() | presence
    values = some(named, least=1)
    if kind == "set":
        return _held(*named) | presence
    inside, outside = values.map(lambda v: {"in": v}), values.map(lambda v: {"not_in": v})
    return inside | outside | presence


_number_ranges = _ranges()


@cache
def _held(*named: str) -> st.SearchStrategy[Raw]:
    """What a set may be asked to hold, with one operator or with several, if any set is like it."""
    lists = [list(chosen) for size in (1, 2) for chosen in itertools.combinations(named[:3], size)]
    asked = [
        dict(zip(operators, chosen, strict=True))
        for count in (1, 2, 3)
        for operators in itertools.combinations(SET_OPERATORS, count)
        for chosen in itertools.product(lists, repeat=count)
    ]
    one = [raw for raw in asked if len(raw) == 1]
    more = [raw for raw in asked if len(raw) > 1 and not _as_has(raw).is_empty()]
    return (st.sampled_from(one) | st.sampled_from(more)).map(dict)


def _as_has(raw: Raw) -> Has:
    return Has(**{operator: tuple(values) for operator, values in raw.items()})


def boxes(attributes: list[Raw], *, least: int = 0, most: int = 3) -> st.SearchStrategy[Raw]:
    """Constraints on some of the given raw attributes, in any order."""
    known = tuple(
        (entry["name"], entry["type"], *(entry.get("values") or VALUES)) for entry in attributes
    )
    return _boxes(known, min(least, len(known)), most)


@cache
@st.composite
def _boxes(draw: st.DrawFn, known: tuple[tuple[str, ...], ...], least: int, most: int) -> Raw:
    chosen = draw(some(known, least=least, most=most))
    return {name: draw(_constraints(*about)) for name, *about in chosen}


def conditions(attributes: list[Raw]) -> st.SearchStrategy[Raw]:
    """Conditions over the given raw attributes: a box, or any of up to three."""
    return _any_of(boxes(attributes))


@cache
def _any_of(box: st.SearchStrategy[Raw]) -> st.SearchStrategy[Raw]:
    several = st.lists(box, min_size=1, max_size=3)
    return box | several.map(lambda listed: {"any_of": listed})


@cache
@st.composite
def classification_documents(draw: st.DrawFn) -> Raw:
    attributes = draw(_attribute_lists)
    keys = draw(some(CLASSES, least=1))
    rules = [
        {"id": f"c{index}", "when": draw(conditions(attributes)), "class": key}
        for index, key in enumerate(draw(st.lists(one_of(*keys), max_size=4)))
    ]
    provided = {
        "attribute": "predicted_class",
        "confidence_attribute": "confidence",
        "min_confidence": draw(one_of(0, 0.5, 1)),
    }
    return {
        "schema": 1,
        "attributes": attributes,
        "classes": [
            {"key": key, "risk": draw(one_of(*RISKS)), "description": draw(texts)} for key in keys
        ],
        "rules": rules,
        "default_class": draw(one_of(*keys)),
        "provided": draw(st.sampled_from((None, provided))),
    }


_weights = st.sampled_from([w for w in itertools.product((0, 0.5, 1, 90), repeat=5) if w[0]])
_HISTORY = [{"m1": 1, "m2": 0.5}, {"m2": 2, "gone": 1}]
_histories: tuple[Raw, ...] = ({}, *({"earlier_weights": _HISTORY[:n]} for n in range(3)))
_earlier_weights = st.sampled_from(_histories)
_sizes_and_costs = records(max_cost_usd=(None, 0.001, 0.05), fits_context=(False, True))


@cache
@st.composite
def route_documents(draw: st.DrawFn, *, default: bool = False) -> Raw:
    models = draw(some(MODELS, least=1))
    weights = draw(_weights)
    return {
        "select": draw(one_of(*SELECTIONS)),
        "candidates": [{"model": m, "weight": w} for m, w in zip(models, weights, strict=False)],
        "constraints": {
            "regions": draw(some(REGIONS)),
            "capabilities": draw(some(CAPABILITIES[:2])),
            **draw(_sizes_and_costs),
        },
        "on_no_candidate": "refuse" if default else draw(one_of(*ON_NO_CANDIDATE)),
        **draw(_earlier_weights),
    }


@st.composite
def policy_documents(draw: st.DrawFn, classification: Raw) -> Raw:
    keys = [entry["key"] for entry in classification["classes"]]
    known = [*classification["attributes"], {"name": "class", "type": "category", "values": keys}]
    sticky = [entry["name"] for entry in known[:-1] if entry["type"] == "category"]
    return {
        "schema": 1,
        "rules": [
            {"id": f"p{index}", "when": draw(conditions(known)), "route": draw(route_documents())}
            for index in range(draw(one_of(*range(4))))
        ],
        "default": draw(route_documents(default=True)),
        "sticky_on": draw(one_of(None, *sticky)),
    }


_retries = records(
    count=range(4),
    base_ms=(0, 100, 333.3),
    factor=(1, 1.5, 3),
    jitter=JITTERS,
    honour_retry_after=(False, True),
).map(lambda retries: retries | {"max_ms": retries["base_ms"] * 2})


@cache
def _cells(*keys: str) -> st.SearchStrategy[list[tuple[str, str | None]]]:
    cells = st.sampled_from(list(itertools.product(("*", *MODELS), (None, *keys))))
    return st.lists(cells, unique=True, max_size=6)


@st.composite
def _rows(draw: st.DrawFn, keys: list[str]) -> list[Raw]:
    rows = []
    for model, key in draw(_cells(*keys)):
        then = [target for target in draw(some(MODELS)) if target != model]
        kinds = draw(subsets(ROW_KINDS, least=1))
        retries = draw(_retries)
        rows.append({"model": model, "class": key, "on": kinds, "retries": retries, "then": then})
    return rows


_preserved = records(regions=(False, True), capabilities=(False, True), context=(False, True))


@st.composite
def fallback_documents(draw: st.DrawFn, keys: list[str]) -> Raw:
    return {
        "schema": 1,
        "rows": draw(_rows(keys)),
        "limits": {
            "max_attempts": draw(one_of(*range(1, 9))),
            "deadline_ms": draw(one_of(1, 500, 30_000)),
            "cost_cap_usd": draw(one_of(None, 0.002, 1)),
            "retry_budget": draw(_retry_budgets),
            "breaker": draw(_breakers),
            "preserve": draw(_preserved),
        },
    }


@st.composite
def _thresholds(draw: st.DrawFn, index: int, keys: list[str]) -> Raw:
    metric: Metric = draw(one_of(*METRICS.values()))
    comparison = draw(one_of(*COMPARISONS))
    bound = draw(one_of(0, 0.02, 12))
    return {
        "id": f"q{index}",
        "class": draw(one_of("*", *keys)),
        "metric": metric.name,
        "comparison": comparison,
        "op": draw(one_of(*metric.ops)),
        COMPARISONS[comparison].bound: bound,
        "relative": COMPARISONS[comparison].needs_baseline and draw(st.booleans()),
        "window": draw(one_of("24h", "7d", "4w")),
        "effect": draw(one_of(*EFFECTS)),
        "owner": draw(texts),
    }


_prices = (None, 0, 0.15, 2.5, 30)
_TIER = {"above_input_tokens": 1000, "input_usd_per_mtok": 5, "output_usd_per_mtok": 0.5}
_models = records(
    provider=("acme", "borealis", "01-labs"),
    context_window=(None, 1000, 128_000),
    status=("active", "active", "deprecated", "retired"),
    input_usd_per_mtok=_prices,
    output_usd_per_mtok=_prices,
    price_tiers=([], [], [_TIER], [_TIER, {**_TIER, "above_input_tokens": 100_000}]),
)


@cache
@st.composite
def catalogue_documents(draw: st.DrawFn) -> Raw:
    """All of MODELS, at one to three providers, some without a price or a window."""
    models = {
        name: {
            **draw(_models),
            "regions": draw(some(REGIONS)),
            "capabilities": draw(some(CAPABILITIES)),
        }
        for name in MODELS
    }
    return {"providers": {"acme": {}, "borealis": {}, "01-labs": {"label": "01"}}, "models": models}


@cache
@st.composite
def bundle_documents(draw: st.DrawFn) -> Raw:
    """Raw valid bundles."""
    classification = draw(classification_documents())
    keys = [entry["key"] for entry in classification["classes"]]
    return {
        "schema": 1,
        "request_classification": classification,
        "router_policy": draw(policy_documents(classification)),
        "fallback_matrix": draw(fallback_documents(keys)),
        "quality_thresholds": {
            "schema": 1,
            "thresholds": [draw(_thresholds(i, keys)) for i in range(draw(one_of(*range(4))))],
        },
        "catalogue": draw(catalogue_documents()),
    }


@cache
def bundles() -> st.SearchStrategy[Bundle]:
    return bundle_documents().map(parse_bundle)


def _numbers_at_edges() -> st.SearchStrategy[float]:
    """Each bound of the pool and its two neighbours among the doubles, and what is not finite."""
    edges = [
        value
        for bound in NUMBERS
        for value in (bound, math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf))
    ]
    return st.sampled_from([*edges, math.nan, math.inf, -math.inf, 10**400, 2**60])


_values: dict[str, st.SearchStrategy[Any]] = {
    "category": st.sampled_from((*VALUES, "undeclared", "", "\ud800")),
    "number": _numbers_at_edges(),
    "flag": st.booleans(),
    "set": st.sampled_from(
        [
            list(held)
            for size in range(4)
            for held in itertools.product((*VALUES[:2], "undeclared", "\ud800"), repeat=size)
        ]
    ),
}
_anything: st.SearchStrategy[Any] = st.none() | st.one_of(*_values.values())
_values_or_anything = {kind: values | _anything for kind, values in _values.items()}
_beside_declared = st.fixed_dictionaries(
    {},
    optional={
        "predicted_class": st.sampled_from((*CLASSES, "odd", 3)),
        "confidence": st.sampled_from((0, 0.5, 0.4999, 1, 70, -0.1, math.nan, "high", True)),
        "undeclared": _anything,
    },
)
_sizes = st.none() | st.sampled_from((0, 1, 999, 1000, 1001, 127_000, 10**20, -1))


@cache
@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests for any generated bundle: declared and undeclared attributes, right and wrong
    types, values on and beside every bound, NaN, nulls, missing sizes.
    """
    attributes = {
        entry["name"]: draw(_values_or_anything[entry["type"]]) for entry in draw(_attribute_lists)
    }
    return Request(
        attributes=attributes | draw(_beside_declared),
        prompt=draw(one_of(None, None, "", "DEF x", "class", "def", "\ud800 def ")),
        request_id=draw(one_of("", "r1", "r2", "\udfff", "要求")),
        input_tokens=draw(_sizes),
        max_output_tokens=draw(_sizes),
    )


@cache
def attempts_on(model: str) -> st.SearchStrategy[Attempt]:
    """Failed attempts, odd recordings among them."""
    return st.builds(
        Attempt,
        model=st.just(model),
        failure_kind=st.sampled_from((*ROW_KINDS, *ROW_KINDS[:4], "bad_request", "unheard_of")),
        latency_ms=st.sampled_from((0, 1, 250.5, 400, math.nan, -3)),
        cost_usd=st.sampled_from((0, 0.0005, 0.001)),
        bytes_sent=st.booleans(),
        retry_after_ms=st.sampled_from((None, 0, 123.4, 10_000, math.inf)),
    )


runtimes = st.builds(
    Runtime, open_breakers=st.frozensets(st.sampled_from(MODELS), max_size=2)
) | st.just(Runtime(retry_allowed=False))
