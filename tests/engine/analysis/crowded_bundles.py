"""Strategies for small bundles of the kinds that made the search hard when they were large.

Every rule of one list; few attributes with few values, and so many or so wide rules that several
together leave little or nothing: after rules that take all requests lacking an attribute (else
those stay free), rules that take all but a corner, cells of a grid with wide rules over them, and
pairs of attributes that may not be equal (pigeons and holes).
"""

import itertools
from functools import cache
from typing import Any

from hypothesis import strategies as st

from policies.engine import Bundle, parse_bundle
from policies.engine.conditions import SET_OPERATORS
from tests.engine.analysis.small_bundles import CATALOGUE
from tests.engine.choices import one_of, some

Raw = dict[str, Any]

VALUES = ("a", "b", "c")
CUTS = (1, 2, 3)
CLASSES = ("k1", "k2", "k3")
ATTRIBUTES: list[Raw] = [
    {"name": "x", "type": "category", "values": list(VALUES)},
    {"name": "y", "type": "category", "values": None},
    {"name": "n", "type": "number"},
    {"name": "f", "type": "flag"},
    {"name": "s", "type": "set", "values": list(VALUES)},
]
GUARDS: list[Raw] = [{entry["name"]: {"present": False}} for entry in ATTRIBUTES]


def _wide(entry: Raw) -> st.SearchStrategy[Any]:
    """Nearly everything that the attribute can be."""
    if entry["type"] == "flag":
        return st.booleans()
    if entry["type"] == "number":
        return st.sampled_from([{way: cut} for way in ("gte", "lt") for cut in CUTS])
    listed = some(VALUES, least=1, most=2)
    if entry["type"] == "set":
        return st.builds(lambda way, values: {way: values}, one_of(*SET_OPERATORS), listed)
    return st.builds(lambda way, values: {way: values}, one_of("in", "not_in"), listed)


WIDE = {entry["name"]: _wide(entry) for entry in ATTRIBUTES}


@cache
@st.composite
def _wide_box(draw: st.DrawFn, least: int) -> Raw:
    return {name: draw(WIDE[name]) for name in draw(some(tuple(WIDE), least=least))}


@cache
def _three_to_eight(least: int) -> st.SearchStrategy[list[Raw]]:
    return st.lists(_wide_box(least), min_size=3, max_size=8)


@st.composite
def _after_guards(draw: st.DrawFn) -> list[Raw]:
    boxes = draw(_three_to_eight(1))
    guards = GUARDS if draw(st.booleans()) else [{"any_of": GUARDS}]
    paired = [{"any_of": [one, other]} for one, other in itertools.pairwise(boxes)]
    return [*guards, *boxes, *draw(st.lists(st.sampled_from(paired), max_size=2))]


@st.composite
def _all_but_corners(draw: st.DrawFn) -> list[Raw]:
    return draw(_three_to_eight(4))


@st.composite
def _grid_and_wide_rules(draw: st.DrawFn) -> list[Raw]:
    bands = [{"lt": 1}, {"gte": 1, "lt": 2}, {"gte": 2}]
    cells = [{"x": {"in": [value]}, "n": band} for value in VALUES for band in bands]
    kept = draw(st.lists(st.sampled_from(cells), min_size=5, unique_by=str))
    return [*kept, *draw(st.lists(_wide_box(1), min_size=1, max_size=4))]


@st.composite
def _pigeons(draw: st.DrawFn) -> list[Raw]:
    """x, y and n each in one of two or three holes; two of them are never in the same."""
    holes = draw(st.integers(2, 3))
    spots: dict[str, list[Any]] = {
        "x": [{"in": [value]} for value in VALUES[:holes]],
        "y": [{"in": [value]} for value in VALUES[:holes]],
        "n": [{"gte": hole, "lt": hole + 1} for hole in range(holes)],
    }
    pairs = [
        {one: spots[one][hole], other: spots[other][hole]}
        for one, other in itertools.combinations(spots, 2)
        for hole in range(holes)
    ]
    inside = {
        "x": {"in": list(VALUES[:holes])},
        "y": {"in": list(VALUES[:holes])},
        "n": {"gte": 0, "lt": holes},
    }
    return [*draw(st.permutations(pairs)), inside, draw(_wide_box(1))]


_KINDS = st.one_of(_after_guards(), _all_but_corners(), _grid_and_wide_rules(), _pigeons())


@cache
@st.composite
def crowded_bundles(draw: st.DrawFn) -> Bundle:
    """All rules in the classification, all in the policy, or a few in each."""
    conditions = draw(_KINDS)
    cut = draw(one_of(0, len(conditions) // 2, len(conditions)))
    keys = [draw(one_of(*CLASSES)) for _ in range(cut)]
    models = one_of(*sorted(CATALOGUE["models"]))
    policy = conditions[cut:]
    if 0 < cut < len(conditions):
        # Asked for with attributes that may never go with it.
        asked = draw(some(CLASSES, least=1, most=2))
        policy[0] = {"class": {"in": asked}, **(policy[0] if "any_of" not in policy[0] else {})}
    return parse_bundle(
        {
            "schema": 1,
            "request_classification": {
                "schema": 1,
                "attributes": ATTRIBUTES,
                "classes": [{"key": key, "risk": "low"} for key in CLASSES],
                "rules": [
                    {"id": f"c{index}", "when": when, "class": key}
                    for index, (when, key) in enumerate(zip(conditions, keys, strict=False))
                ],
                "default_class": draw(one_of(*CLASSES)),
            },
            "router_policy": {
                "schema": 1,
                "rules": [
                    {"id": f"p{index}", "when": when, "route": _route(draw(models))}
                    for index, when in enumerate(policy)
                ],
                "default": _route(draw(models)),
            },
            "fallback_matrix": {"schema": 1, "rows": []},
            "quality_thresholds": {"schema": 1, "thresholds": []},
            "catalogue": CATALOGUE,
        }
    )


def _route(model: str) -> Raw:
    return {"select": "ordered", "candidates": [{"model": model}]}
