"""A split with earlier weights: each change moves the least, between the models that changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import DocumentError, Request, decide
from policies.engine.moved_shares import least_moved, moved_shares
from policies.engine.routing import Route, parse_route
from policies.engine.splitting import Weights, by_history, shares_of
from policies.engine.trace import explain
from tests.engine.analysis.documents import MODELS, bundle, model

THIRDS = {"A": 34, "B": 33, "C": 33}
SHIFTED = {"A": 33, "B": 34, "C": 33}
COUNT = 8_000
KEYS = [f"conv-{number}" for number in range(COUNT)]

states = st.lists(
    st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from((0.3, 1, 2, 33, 34)), min_size=1),
    min_size=1,
    max_size=6,
)
salts = st.sampled_from(("s", "a:b", "été/1"))
keys = st.lists(st.text(max_size=8), min_size=1, max_size=30, unique=True)


def raw(*weights: Mapping[str, float], salt: str = "s") -> dict[str, Any]:
    """A weighted route that had these weights one after the other."""
    *earlier, present = weights
    return {
        "select": "weighted",
        "salt": salt,
        "candidates": [{"model": name, "weight": weight} for name, weight in present.items()],
        "earlier_weights": earlier,
    }


def split(*weights: Mapping[str, float], salt: str = "s") -> Route:
    return parse_route(raw(*weights, salt=salt))


def moves(one: Route, other: Route, many: list[str]) -> Counter[tuple[str, str]]:
    held = [(one.dealt(key).holders[-1], other.dealt(key).holders[-1]) for key in many]
    return Counter(way for way in held if way[0] != way[1])


def test_change_of_weights__one_percent_from_one_to_another_of_three__moves_nobody_else() -> None:
    many = [f"key-{number}" for number in range(50_000)]
    moved = moves(split(THIRDS), split(THIRDS, SHIFTED), many)
    assert set(moved) == {("A", "B")}
    # 1 %, with a standard error of 0.044 %.
    assert abs(moved["A", "B"] / 50_000 - 0.01) < 0.0018


@given(states, salts, keys)
def test_change_of_weights__any__moves_only_from_models_that_shrank_to_models_that_grew(
    many: list[Mapping[str, float]], salt: str, names: list[str]
) -> None:
    route = split(*many, salt=salt)
    shares = [shares_of(weights) for weights in route.all_weights]
    for key in names:
        held = route.dealt(key).holders
        for place in range(1, len(held)):
            old, new = held[place - 1], held[place]
            if old != new:
                before, after = shares[place - 1], shares[place]
                assert after.get(old, 0) < before[old]
                assert after[new] > before.get(new, 0)


@given(states, salts, keys)
def test_change_of_weights__any__leaves_what_was_before_as_it_was(
    many: list[Mapping[str, float]], salt: str, names: list[str]
) -> None:
    whole = split(*many, salt=salt)
    for key in names:
        held = whole.dealt(key).holders
        assert held[-1] in many[-1]
        for place in range(1, len(many)):
            assert split(*many[:place], salt=salt).dealt(key).holders == held[:place]


def test_change_of_weights__after_several__shares_are_those_of_the_weights() -> None:
    walk = [THIRDS, {"A": 10, "B": 60, "D": 30}, {"A": 50, "C": 25, "D": 25}, SHIFTED]
    held = [split(*walk).dealt(key).holders for key in KEYS]
    for place, weights in enumerate(walk):
        counted = Counter(path[place] for path in held)
        for name, weight in weights.items():
            share = weight / sum(weights.values())
            four_sigma = 4 * (share * (1 - share) / COUNT) ** 0.5
            assert abs(counted[name] / COUNT - share) < four_sigma
        if place:
            moved = sum(path[place - 1] != path[place] for path in held) / COUNT
            old = {m: w / sum(walk[place - 1].values()) for m, w in walk[place - 1].items()}
            least = sum(
                max(0, w / sum(weights.values()) - old.get(m, 0)) for m, w in weights.items()
            )
            assert abs(moved - least) < 4 * (least * (1 - least) / COUNT) ** 0.5


def test_split__with_an_empty_history__is_dealt_as_one_without() -> None:
    thirds = {"m1": 34, "m2": 33, "m3": 33}
    silent = {key: value for key, value in raw(thirds).items() if key != "earlier_weights"}
    one, other = bundle(default=raw(thirds)), bundle(default=silent)
    for key in KEYS[:200]:
        assert decide(one, Request(request_id=key)) == decide(other, Request(request_id=key))


def test_candidate_excluded__of_a_split_with_history__gives_away_only_its_own_keys() -> None:
    route = raw({"m1": 34, "m2": 33, "m3": 33}, {"m1": 33, "m2": 34, "m3": 33})
    whole = bundle(default=route)
    models = {**MODELS, "m3": model(status="retired")}
    gone = replace(whole, catalogue=bundle(default=route, models=models).catalogue)
    taken: Counter[str | None] = Counter()
    for key in KEYS[:3000]:
        before, after = (decide(side, Request(request_id=key)) for side in (whole, gone))
        # Substitutes stay in the order of their scores.
        assert after.candidates == tuple(name for name in before.candidates if name != "m3")
        if before.model == "m3":
            taken[after.model] += 1
        else:
            assert after.model == before.model
    assert set(taken) == {"m1", "m2"}


def test_candidate_excluded__whose_keys_came_from_another__gives_them_away_by_weight() -> None:
    route = split(
        {"A": 10, "B": 60, "C": 30}, {"A": 40, "B": 20, "C": 40}, {"A": 50, "B": 20, "C": 30}
    )
    taken: Counter[str] = Counter()
    for key in KEYS:
        dealt = route.dealt(key)
        if dealt.holders[-1] == "A":
            taken[by_history(route.candidates, dealt)[1].model] += 1
    share = taken["B"] / taken.total()
    # 20 of 20 and 30; in the order of their scores it would be 0.46.
    assert abs(share - 0.4) < 4 * (0.4 * 0.6 / taken.total()) ** 0.5


def test_moved_shares__of_a_history__are_the_difference_of_the_shares() -> None:
    moved = moved_shares(split(THIRDS).all_weights, split(THIRDS, SHIFTED).all_weights)
    assert moved == pytest.approx({("A", "B"): 0.01})


@given(states, st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from((1, 2, 5)), min_size=1))
def test_moved_shares__one_change_more__are_the_least_there_can_be(
    many: list[Mapping[str, float]], last: Mapping[str, float]
) -> None:
    before, after = split(*many).all_weights, split(*many, last).all_weights
    moved = moved_shares(before, after)
    assert sum(moved.values()) == pytest.approx(least_moved(before[-1], after[-1]), abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([THIRDS, SHIFTED], [SHIFTED]),
        ([THIRDS, SHIFTED], [THIRDS, {"A": 20, "B": 40, "D": 40}]),
        ([SHIFTED, {"A": 1}], [THIRDS, {"B": 1, "D": 2}, {"A": 1, "D": 1}]),
    ],
    ids=["forgotten", "rewritten", "of other ways"],
)
def test_moved_shares__of_histories_that_part__are_as_many_as_counted(
    one: list[Mapping[str, float]], other: list[Mapping[str, float]]
) -> None:
    first, second = split(*one), split(*other)
    expected = moved_shares(first.all_weights, second.all_weights)
    counted = moves(first, second, KEYS)
    assert set(counted) <= set(expected)
    for way, share in expected.items():
        assert abs(counted[way] / COUNT - share) < 5 * (share / COUNT) ** 0.5 + 1e-4


def test_explain__split_with_earlier_weights__tells_which_change_moved_the_key() -> None:
    made = bundle(default=raw({"m1": 1}, {"m1": 1, "m2": 1}, {"m2": 1}))
    paths = {
        explain(made, Request(request_id=f"r-{number}")).routes[0].holders for number in range(20)
    }
    assert paths == {("m1", "m1", "m2"), ("m1", "m2", "m2")}
    assert explain(bundle(default=raw({"m1": 1, "m2": 1})), Request()).routes[0].holders == ()


def wrong(earlier: Any) -> dict[str, str]:
    with pytest.raises(DocumentError) as refused:
        parse_route({**raw(THIRDS), "earlier_weights": earlier})
    return {problem.pointer: problem.message for problem in refused.value.problems}


def test_earlier_weights__that_are_none__are_refused_where_they_stand() -> None:
    assert "must be more than 0" in wrong([{"A": 1}, {"A": 0}])["/earlier_weights/1/A"]
    assert "at least one model" in wrong([{}])["/earlier_weights/0"]
    assert "must be an object" in wrong([[34, 33]])["/earlier_weights/0"]
    assert "must be a list" in wrong(None)["/earlier_weights"]
    assert "must be a number" in wrong([{"a/b": "1"}])["/earlier_weights/0/a~1b"]
    assert "/earlier_weights/0/*" in wrong([{"*": 1}])


def test_earlier_weights__of_more_than_fifty_changes__are_refused_with_what_to_do() -> None:
    assert split(*[THIRDS] * 51).steps
    assert "say [] to deal" in wrong([THIRDS] * 51)["/earlier_weights"]


def test_document__without_earlier_weights__keeps_its_digest_and_tells_none_from_empty() -> None:
    silent = {key: value for key, value in raw(THIRDS).items() if key != "earlier_weights"}
    assert "earlier_weights" not in parse_route(silent).to_json()
    assert parse_route(raw(THIRDS)).to_json()["earlier_weights"] == []
    assert parse_route(parse_route(raw(THIRDS, SHIFTED)).to_json()) == split(THIRDS, SHIFTED)


def test_shares__that_differ_by_rounding_only__move_nobody() -> None:
    weights: tuple[Weights, ...] = split({"A": 1, "B": 3}, {"A": 0.1, "B": 0.3}).all_weights
    assert moved_shares(weights[:1], weights) == pytest.approx({}, abs=1e-12)


def test_shares__of_weights_that_no_binary_fraction_is__are_rounded_as_they_are_added() -> None:
    """As JavaScript adds them, whatever Python's `sum` does with the rest."""
    shares = shares_of(tuple((str(place), 0.1) for place in range(10)))
    assert set(shares.values()) == {0.1 / 0.9999999999999999}
