"""Hypothesis strategies for bundles small enough to try every kind of request."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from policies.engine import Bundle, parse_bundle
from tests.engine.choices import one_of, some, some_of
from tests.engine.strategies import (
    ATTRIBUTES,
    CLASSES,
    MODELS,
    boxes,
    catalogue_documents,
    fallback_documents,
    route_documents,
)

Raw = dict[str, Any]

PROVIDED = {
    "attribute": "predicted_class",
    "confidence_attribute": "confidence",
    "min_confidence": 0.5,
}
_provided: st.SearchStrategy[Raw | None] = st.sampled_from((None, None, PROVIDED))
_two_attributes = some_of(ATTRIBUTES, least=2, most=2)
_two_or_three_attributes = some_of(ATTRIBUTES, least=2, most=3)


def _conditions(attributes: list[Raw]) -> st.SearchStrategy[Raw]:
    """Seldom with an empty box: a rule for everything hides all that come after it."""
    return _mostly_boxes(*(boxes(attributes, least=least) for least in (0, 1, 2)))


@cache
def _mostly_boxes(
    any_box: st.SearchStrategy[Raw], one: st.SearchStrategy[Raw], two: st.SearchStrategy[Raw]
) -> st.SearchStrategy[Raw]:
    several = st.lists(st.one_of(any_box, *[one] * 5, two, two), min_size=2, max_size=3)
    condition = several.map(lambda listed: {"any_of": listed})
    return st.one_of(any_box, *[one] * 5, two, two, *[condition] * 3)


@cache
@st.composite
def classifications(draw: st.DrawFn) -> Raw:
    """Two or three attributes and up to six rules; now and then a class provided by the router."""
    provided = draw(_provided)
    attributes = draw(_two_attributes if provided else _two_or_three_attributes)
    keys = draw(some(CLASSES, least=2))
    return {
        "schema": 1,
        "attributes": attributes,
        "classes": [{"key": key, "risk": draw(one_of("low", "high"))} for key in keys],
        "rules": [
            {"id": f"c{index}", "when": draw(_conditions(attributes)), "class": key}
            for index, key in enumerate(draw(st.lists(one_of(*keys), max_size=6)))
        ],
        "default_class": draw(one_of(*keys)),
        "provided": provided,
    }


_routes = st.lists(route_documents(default=True), min_size=2, max_size=3)


@st.composite
def policies(draw: st.DrawFn, classification: Raw) -> Raw:
    """At most five rules with routes from a pool of three, so that outcomes repeat."""
    keys = [entry["key"] for entry in classification["classes"]]
    known = [*classification["attributes"], {"name": "class", "type": "category", "values": keys}]
    if classification["provided"]:
        known += [
            {"name": "predicted_class", "type": "category", "values": keys},
            {"name": "confidence", "type": "number"},
        ]
    routes = draw(_routes)
    rules = [
        {
            "id": f"p{index}",
            "when": draw(_conditions(known)),
            # Written out, so that routes of the pool stay equal under different rules.
            "route": {
                **draw(st.sampled_from(routes)),
                "salt": "s",
                "on_no_candidate": draw(one_of("refuse", "default")),
            },
        }
        for index in range(draw(one_of(*range(6))))
    ]
    default = {**draw(st.sampled_from(routes)), "salt": "s"}
    return {"schema": 1, "rules": rules, "default": default, "sticky_on": None}


@cache
@st.composite
def small_documents(draw: st.DrawFn, *, rows: bool = True) -> Raw:
    """Raw bundles with few attributes and many overlaps; without rows nothing falls back."""
    classification = draw(classifications())
    keys = [entry["key"] for entry in classification["classes"]]
    return {
        "schema": 1,
        "request_classification": classification,
        "router_policy": draw(policies(classification)),
        "fallback_matrix": draw(fallback_documents(keys)) if rows else {"schema": 1, "rows": []},
        "quality_thresholds": {"schema": 1, "thresholds": []},
        "catalogue": draw(catalogue_documents()),
    }


@cache
def small_bundles(*, rows: bool = True) -> st.SearchStrategy[Bundle]:
    return small_documents(rows=rows).map(parse_bundle)


# Two models that always serve, for bundles written by hand.
CATALOGUE: Raw = {
    "providers": {"acme": {}, "borealis": {}},
    "models": {
        name: {
            "provider": provider,
            "context_window": 128_000,
            "regions": ["eu", "us"],
            "capabilities": ["tools"],
            "input_usd_per_mtok": 1,
            "output_usd_per_mtok": 2,
        }
        for name, provider in (("m1", "acme"), ("m2", "borealis"), ("m3", "acme"))
    },
}

__all__ = ["CATALOGUE", "MODELS", "small_bundles", "small_documents"]
