"""Weighted splits: shares follow weights, and a change moves no more keys than it must."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import Bundle, Request, decide
from policies.engine.attributes import Attribute
from policies.engine.moved_shares import moved_shares
from policies.engine.routing import Candidate
from policies.engine.splitting import bucket, by_split
from tests.engine.analysis.documents import bundle

weights = st.floats(min_value=0.01, max_value=1000, allow_nan=False)
arms = st.lists(weights, min_size=1, max_size=5)
keys = st.lists(st.text(max_size=8), min_size=1, max_size=40, unique=True)
salts = st.text(max_size=6)


def winner(given_weights: list[float], salt: str, key: str) -> str:
    candidates = [Candidate(f"m{index}", weight) for index, weight in enumerate(given_weights)]
    return by_split(candidates, salt, key)[0].model


@given(arms, st.integers(0, 4), st.floats(1, 100), salts, keys)
def test_split__one_weight_raised__moves_keys_only_to_that_arm(
    old: list[float], arm: int, factor: float, salt: str, many: list[str]
) -> None:
    arm %= len(old)
    new = [weight * factor if index == arm else weight for index, weight in enumerate(old)]
    before = [winner(old, salt, key) for key in many]
    after = [winner(new, salt, key) for key in many]
    moved = [now for then, now in zip(before, after, strict=True) if then != now]
    assert set(moved) <= {f"m{arm}"}
    # No split with these two outcomes could move fewer: all that moved is the arm's growth.
    assert len(moved) == Counter(after)[f"m{arm}"] - Counter(before)[f"m{arm}"]


@given(arms, weights, salts, keys)
def test_split__arm_added__takes_keys_and_reshuffles_none(
    old: list[float], weight: float, salt: str, many: list[str]
) -> None:
    for key in many:
        assert winner([*old, weight], salt, key) in (winner(old, salt, key), f"m{len(old)}")


@given(arms, salts, keys)
def test_split__all_weights_scaled_by_a_power_of_two__moves_nobody(
    old: list[float], salt: str, many: list[str]
) -> None:
    doubled = [weight * 2 for weight in old]
    assert [winner(old, salt, key) for key in many] == [winner(doubled, salt, key) for key in many]


def test_split__many_keys__shares_follow_the_weights() -> None:
    count = 20_000
    won = Counter(winner([70, 25, 5], "shares", f"key-{index}") for index in range(count))
    for model, share in (("m0", 0.70), ("m1", 0.25), ("m2", 0.05)):
        four_sigma = 4 * (share * (1 - share) / count) ** 0.5
        assert abs(won[model] / count - share) < four_sigma


def test_split__one_to_two_of_four_shares__moves_a_sixth() -> None:
    # (1, 1, 1) → (2, 1, 1): the least is 1/2 − 1/3 = 1/6; cumulative ranges would move 1/4.
    count = 20_000
    names = [f"key-{index}" for index in range(count)]
    moved = sum(winner([1, 1, 1], "s", key) != winner([2, 1, 1], "s", key) for key in names)
    assert abs(moved / count - 1 / 6) < 0.011


@given(salts, st.text(max_size=8))
def test_bucket__any_key__lies_in_the_unit_interval(salt: str, key: str) -> None:
    assert 0 <= bucket(salt, key) < 1


SPLIT: dict[str, Any] = {
    "select": "weighted",
    "candidates": [{"model": "m1", "weight": 50}, {"model": "m2", "weight": 50}],
}


def sticky(route: dict[str, Any]) -> Bundle:
    """A policy that keeps together what has the same ``conv``."""
    made = bundle(default=route)
    conversation = Attribute("conv", "category")
    classification = replace(made.request_classification, attributes=(conversation,))
    policy = replace(made.router_policy, sticky_on="conv")
    return replace(made, request_classification=classification, router_policy=policy)


def test_split__neither_sticky_value_nor_request_id__is_said_by_the_decision() -> None:
    found = sticky(SPLIT)
    assert decide(found, Request()).unchecked == ("split_key",)
    assert decide(found, Request(attributes={"conv": "c-1"})).unchecked == ()
    assert decide(found, Request(request_id="r-1")).unchecked == ()
    without = replace(found, router_policy=replace(found.router_policy, sticky_on=None))
    assert decide(without, Request(attributes={"conv": "c-1"})).unchecked == ("split_key",)


def test_split__that_has_nothing_to_deal_out__needs_no_key() -> None:
    alone = {**SPLIT, "candidates": [{"model": "m1"}, {"model": "m2", "weight": 0}]}
    assert decide(sticky(alone), Request()).unchecked == ()
    assert decide(sticky({**SPLIT, "select": "ordered"}), Request()).unchecked == ()


def moved_by(before: dict[str, float], after: dict[str, float]) -> dict[tuple[str, str], float]:
    """Between splits without earlier weights."""
    states = [tuple(sorted((m, w) for m, w in side.items() if w)) for side in (before, after)]
    return moved_shares(states[:1], states[1:])


def test_moved_shares__one_percent_from_one_to_another_of_three__is_the_known_figure() -> None:
    # Counted over 200 000 keys, with a standard error of 0.02 %: 0.66 % from A to B, 0.32 % from A
    # to C, 0.33 % from C to B.
    moved = moved_by({"A": 34, "B": 33, "C": 33}, {"A": 33, "B": 34, "C": 33})
    assert set(moved) == {("A", "B"), ("A", "C"), ("C", "B")}
    assert moved["A", "B"] == pytest.approx(0.0066, abs=4e-4)
    assert moved["A", "C"] == pytest.approx(0.0032, abs=4e-4)
    assert moved["C", "B"] == pytest.approx(0.0033, abs=4e-4)


def test_moved_shares__two_arms__are_the_difference() -> None:
    assert moved_by({"a": 90, "b": 10}, {"a": 60, "b": 40}) == pytest.approx({("a", "b"): 0.3})
    assert moved_by({"a": 1}, {"b": 3}) == {("a", "b"): 1}
    assert moved_by({"a": 1, "b": 2}, {"a": 2, "b": 4}) == {}


weights_or_none = st.lists(st.sampled_from((0, 0.5, 1, 3, 90)), min_size=4, max_size=4)


@given(weights_or_none.filter(any), weights_or_none.filter(any))
def test_moved_shares__any_weights__are_what_turns_one_split_into_the_other(
    old: list[float], new: list[float]
) -> None:
    names = "abcd"
    moved = moved_by(dict(zip(names, old, strict=True)), dict(zip(names, new, strict=True)))
    for place, name in enumerate(names):
        gained = sum(share for (_, to), share in moved.items() if to == name)
        lost = sum(share for (of, _), share in moved.items() if of == name)
        grown = new[place] / sum(new) - old[place] / sum(old)
        assert gained - lost == pytest.approx(grown, abs=1e-12)


def test_moved_shares__counted_over_keys__are_as_many() -> None:
    old = {"a": 50.0, "b": 30.0, "c": 20.0, "d": 0.0}
    new = {"a": 20.0, "b": 45.0, "c": 20.0, "d": 15.0}
    keys = [f"key-{number}" for number in range(4000)]
    counted = Counter(
        (_first(old, key), _first(new, key)) for key in keys if _first(old, key) != _first(new, key)
    )
    expected = moved_by(old, new)
    assert set(counted) <= set(expected)
    for way, share in expected.items():
        # Five standard deviations of a count of 4000.
        assert abs(counted[way] / 4000 - share) < 5 * (share / 4000) ** 0.5 + 1e-3


def _first(weights: dict[str, float], key: str) -> str:
    candidates = [Candidate(model, weight) for model, weight in weights.items() if weight]
    return by_split(candidates, "s", key)[0].model
