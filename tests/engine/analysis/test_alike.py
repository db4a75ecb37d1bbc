"""Two bundles that are proved alike decide every request alike, found by trying them all."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import Bundle, Request, decide, parse_bundle
from policies.engine.analysis.alike import treat_alike
from tests.engine.analysis.brute_force import every_request
from tests.engine.analysis.documents import bundle, model, route, row
from tests.engine.analysis.small_bundles import small_documents

Raw = dict[str, Any]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Bundle, Bundle]:
    """A bundle and one with a small edit in one of its rule lists."""
    before = draw(small_documents(rows=False))
    after = copy.deepcopy(before)
    document = after[draw(st.sampled_from(["request_classification", "router_policy"]))]
    rules = document["rules"]
    if rules:
        place = draw(st.integers(0, len(rules) - 1))
        edit = draw(st.sampled_from(["drop", "move", "repeat", "rename", "reword"]))
        if edit == "drop":
            del rules[place]
        elif edit == "move":
            rules.insert(draw(st.integers(0, len(rules) - 1)), rules.pop(place))
        elif edit == "repeat":
            rules.append({**rules[place], "id": "again"})
        elif edit == "rename":
            rules[place]["id"] = "renamed"
        else:
            rules[place]["description"] = "In other words."
    return parse_bundle(before), parse_bundle(after)


def told(of: Bundle, request: Any) -> Any:
    found = decide(of, request)
    return found.class_key, found.candidates, found.requirements


@given(pairs())
@settings(max_examples=40)
def test_alike__any_small_edit__is_claimed_only_where_every_request_is_decided_alike(
    pair: tuple[Bundle, Bundle],
) -> None:
    before, after = pair
    if treat_alike(before, after):
        for request in (*every_request(before), *every_request(after)):
            assert told(before, request) == told(after, request)


HARD = {"hard": ({"tokens": {"gt": 10}}, "hard")}
BASE: Raw = {"class_rules": HARD, "rules": {"h": ({"class": {"in": ["hard"]}}, route("m2"))}}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"thresholds": ({"id": "t", "metric": "mean_quality", "comparison": "non_inferiority",
                         "margin": 0.1, "effect": "gate"},)},
        {"rules": {"other-name": ({"class": {"in": ["hard"]}}, route("m2"))}},
        {"rules": {"e": ({"class": {"in": ["easy"]}}, route("m1")), **BASE["rules"]}},
        {"rules": {"h": ({"tokens": {"gt": 10}}, route("m2"))}},
        {"class_rules": {**HARD, "never": ({"tokens": {"gt": 20}}, "easy")}},
    ],
)  # fmt: skip
def test_alike__written_in_another_way__is_proved(other: Raw) -> None:
    assert treat_alike(bundle(**BASE), bundle(**{**BASE, **other}))


@pytest.mark.parametrize(
    "other",
    [
        {"rules": {}},
        {"class_rules": {"hard": ({"tokens": {"gt": 11}}, "hard")}},
        {"class_rules": {}},
        {"default": route("m2")},
        {"rows": (row("m1", "m2"),)},
        {"limits": {"max_attempts": 2}},
        {"classes": ("easy", "hard", "new")},
    ],
)
def test_alike__where_some_request_may_be_treated_differently__is_not_claimed(other: Raw) -> None:
    assert not treat_alike(bundle(**BASE), bundle(**{**BASE, **other}))


SPLIT: Raw = {
    "select": "weighted",
    "candidates": [{"model": "m1", "weight": 60}, {"model": "m2", "weight": 40}],
}


def test_alike__same_weights_of_another_history__are_not_claimed() -> None:
    now = bundle(default={**SPLIT, "earlier_weights": [{"m1": 1}]})
    assert not treat_alike(bundle(default=SPLIT), now)
    assert treat_alike(now, now)
    assert treat_alike(bundle(default=SPLIT), bundle(default={**SPLIT, "earlier_weights": []}))
    # A model that is left out for good still holds keys that others do not have.
    one, other = (
        bundle(
            default={
                **SPLIT,
                "candidates": [*SPLIT["candidates"], {"model": "m3", "weight": weight}],
                "earlier_weights": [{"m1": 1}],
                "constraints": {"capabilities": ["vision"]},
            },
            models={"m1": SEES, "m2": SEES, "m3": model()},
        )
        for weight in (1, 1000)
    )
    assert not treat_alike(one, other)
    requests = [Request(request_id=str(number)) for number in range(50)]
    assert any(told(one, request) != told(other, request) for request in requests)


SEES = model(capabilities=["vision"])
