"""Earlier weights follow from the base, whatever way authors take to their weights."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.differences.split_history import carried_over, with_earlier_weights
from policies.engine.moved_shares import least_moved, moved_shares
from policies.engine.routing import Route, parse_router_policy

Raw = dict[str, Any]
ONE, TWO, THREE = {"A": 34, "B": 33, "C": 33}, {"A": 33, "B": 34, "C": 33}, {"A": 50, "D": 50}


def policy(weights: Raw, earlier: list[Raw] | None = None, **more: Any) -> Raw:
    """A policy with one rule, a split."""
    route: Raw = {
        "select": "weighted",
        "salt": "s",
        "candidates": [{"model": model, "weight": weight} for model, weight in weights.items()],
        **({} if earlier is None else {"earlier_weights": earlier}),
        **more,
    }
    default = {"select": "ordered", "candidates": [{"model": "A"}]}
    return {
        "schema": 1,
        "rules": [{"id": "r", "when": {}, "route": route}],
        "default": default,
    }


def proposed(new: Raw, base: Raw) -> Raw:
    found: Raw = with_earlier_weights({"router_policy": new}, {"router_policy": base})
    return dict(found["router_policy"])


def history(new: Raw, base: Raw) -> list[Raw] | None:
    earlier: list[Raw] | None = proposed(new, base)["rules"][0]["route"].get("earlier_weights")
    return earlier


def split_of(document: Raw) -> Route:
    return parse_router_policy(document).rules[0].route


def test_weights_changed__with_nothing_said_of_earlier_ones__get_those_of_the_base() -> None:
    assert history(policy(TWO), policy(ONE)) == [ONE]
    assert history(policy(THREE), policy(TWO, [ONE])) == [ONE, TWO]
    # As the studio sends it, which keeps what the draft began with.
    assert history(policy(THREE, [ONE]), policy(TWO, [ONE])) == [ONE, TWO]


def test_weights_changed__proposed_again__get_those_of_the_base_once() -> None:
    base = policy(TWO, [ONE])
    once = proposed(policy(THREE), base)
    assert proposed(once, base) == once
    # Another try within the same draft.
    again = policy({"A": 20, "D": 80}, split_json(once))
    assert history(again, base) == [ONE, TWO]


def split_json(document: Raw) -> list[Raw]:
    earlier: list[Raw] = document["rules"][0]["route"]["earlier_weights"]
    return earlier


def test_weights_as_in_the_base__whatever_was_tried_before__have_the_history_of_the_base() -> None:
    base = policy(TWO, [ONE])
    assert history(policy(TWO, [ONE, TWO]), base) == [ONE]
    assert history(policy(TWO), base) == [ONE]
    assert history(policy({"A": 330, "B": 340, "C": 330}), base) == [ONE]
    assert history(policy(ONE), policy(ONE)) is None
    assert proposed(policy(ONE), policy(ONE)) == policy(ONE)


def test_weights_of_before__take_the_step_back__so_that_the_same_conversations_return() -> None:
    assert history(policy(ONE), policy(TWO, [ONE])) is None
    ramp = [{"A": 95, "B": 5}, {"A": 90, "B": 10}, {"A": 80, "B": 20}]
    assert history(policy(ramp[0]), policy({"A": 50, "B": 50}, ramp)) is None
    assert history(policy(ramp[1]), policy({"A": 50, "B": 50}, ramp)) == ramp[:1]


def test_weights_of_before__where_going_back_would_move_more__are_a_step_of_their_own() -> None:
    # By way of C, A and B each came by keys of the other.
    way = [{"A": 1, "B": 1}, {"A": 1, "C": 1}, {"B": 1, "C": 1}]
    base = policy({"A": 1, "B": 3}, way)
    found = history(policy({"A": 1, "B": 1}), base)
    assert found == [*way, {"A": 1, "B": 3}]


def test_weights_of_zero__are_left_out_of_the_history() -> None:
    assert history(policy({"A": 1, "B": 1}), policy({"A": 1, "B": 0})) == [{"A": 1}]


@pytest.mark.parametrize("written", [[], [{"A": 2, "C": 1}]], ids=["forgotten", "his own"])
def test_history__that_an_author_wrote__stays(written: list[Raw]) -> None:
    base = policy(TWO, [ONE])
    assert history(policy(TWO, written), base) == written
    assert history(policy(THREE, written), base) == written


def test_history__said_to_be_none__stays_so_until_the_release_that_says_it_is_in_force() -> None:
    assert history(policy(TWO, []), policy(ONE)) == []
    assert history(policy(TWO, []), policy(TWO, [])) == []
    assert history(policy(THREE, []), policy(TWO, [])) == [TWO]


def test_history__of_an_older_or_newer_release__becomes_that_of_the_base() -> None:
    base = policy(THREE, [ONE, TWO])
    assert history(policy({"D": 1}, [ONE]), base) == [ONE, TWO, THREE]
    # The base was rolled back meanwhile.
    assert history(policy({"D": 1}, [ONE, TWO]), policy(ONE)) == [ONE]


def test_salt_changed__has_no_history() -> None:
    assert history(policy(TWO, [ONE], salt="new"), policy(TWO, [ONE])) is None


def test_rule_renamed__is_the_same_split() -> None:
    renamed = policy(THREE)
    renamed["rules"][0]["id"] = "renamed"
    assert history(renamed, policy(TWO, [ONE])) == [ONE, TWO]


def test_salt_of_several_rules__is_told_apart_by_their_names() -> None:
    base = policy(ONE)
    base["rules"].append({**base["rules"][0], "id": "q", "route": policy(TWO)["rules"][0]["route"]})
    new = policy(THREE)
    new["rules"] = [
        {**new["rules"][0], "id": name, "route": policy(THREE)["rules"][0]["route"]}
        for name in ("q", "r", "other")
    ]
    found = [rule["route"].get("earlier_weights") for rule in proposed(new, base)["rules"]]
    assert found == [[TWO], [ONE], None]


def test_split_no_more__has_no_history() -> None:
    assert history(policy(ONE, [ONE], select="ordered"), policy(TWO, [ONE])) is None


def test_default_route__and_a_salt_that_is_not_written__go_on_as_well() -> None:
    def with_default(weights: Raw) -> Raw:
        route = policy(weights)["rules"][0]["route"]
        return {"schema": 1, "default": {k: v for k, v in route.items() if k != "salt"}}

    found = proposed(with_default(TWO), with_default(ONE))
    assert found["default"]["earlier_weights"] == [ONE]
    assert "rules" not in found


def test_document__that_is_not_right__stays_as_it_is() -> None:
    for wrong in (policy({"A": -1}), {"rules": 3}, None, policy(TWO, [{}])):
        assert proposed_raw(wrong, policy(ONE)) == wrong
        assert proposed_raw(policy(TWO), wrong) == policy(TWO)
    assert with_earlier_weights({}, {"router_policy": policy(ONE)}) == {}


def proposed_raw(new: Any, base: Any) -> Any:
    return with_earlier_weights({"router_policy": new}, {"router_policy": base})["router_policy"]


weights = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from((1, 2, 5)), min_size=1)


@given(st.lists(st.lists(weights, min_size=1, max_size=3), min_size=1, max_size=6))
def test_release_after_release__whatever_was_tried_in_the_draft__moves_the_least(
    drafts: list[list[Raw]],
) -> None:
    base = policy({"A": 1, "B": 1})
    for tries in drafts:
        kept = split_json_or_none(base)
        for weighted in tries:  # each is saved as the form would, with what is there
            draft = proposed(policy(weighted, kept), base)
            kept = split_json_or_none(draft)
        assert draft == proposed(policy(tries[-1]), base)
        before, after = split_of(base).all_weights, split_of(draft).all_weights
        moved = sum(moved_shares(before, after).values())
        assert moved == pytest.approx(least_moved(before[-1], after[-1]), abs=1e-9)
        base = draft


def split_json_or_none(document: Raw) -> list[Raw] | None:
    earlier: list[Raw] | None = document["rules"][0]["route"].get("earlier_weights")
    return earlier


def rebased(new: Raw, old: Raw, base: Raw) -> list[Raw] | None:
    found: Raw = carried_over(*({"router_policy": one} for one in (new, old, base)))
    earlier: list[Raw] | None = found["router_policy"]["rules"][0]["route"].get("earlier_weights")
    return earlier


def test_document_proposed_against_one_release__goes_on_from_another_of_another_history() -> None:
    old, base = policy(ONE), policy({"A": 50, "B": 50}, [{"A": 1}])
    was = proposed(policy(THREE), old)
    assert rebased(was, old, base) == [{"A": 1}, {"A": 50, "B": 50}]
    assert rebased(policy(THREE, []), old, base) == []
    assert rebased(policy(THREE, [{"C": 1}]), old, base) == [{"C": 1}]
    assert rebased(proposed(policy(ONE), old), old, base) == [{"A": 1}, {"A": 50, "B": 50}]
